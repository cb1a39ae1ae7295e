using System.Net;
using System.Text.Json;
using Actors443.Server.Admin;
using Actors443.Server.Applying;
using Actors443.Server.Cli;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Reload;

/// <summary>A server in a process of its own, and the commands that plan and apply carried out against it.</summary>
internal sealed class ConfigurationFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _written;

    private ConfigurationFixture(ServerProcess server) => Server = server;

    public ServerProcess Server { get; }

    public AdminClient Admin => AdminClient.At(new IPEndPoint(IPAddress.Loopback, Server.AdminPort), Path.Combine(Server.StateDirectory, "admin-token"));

    public static async Task<ConfigurationFixture> StartAsync(string hocon, params string[] overrides) => new(await ServerProcess.StartAsync(hocon, overrides));

    public string Write(string hocon) => _folder.Write($"candidate-{++_written}.conf", hocon);

    /// <summary>A command with the files that the server is found by.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        string found = _folder.Write("server.conf", $"actors443 {{ admin.bind = \"127.0.0.1:{Server.AdminPort}\", state-directory = \"{Server.StateDirectory}\" }}");
        var (output, error) = (new StringWriter(), new StringWriter());
        var console = new CommandConsole(output, error, false, false, false, 0);
        var environment = CommandEnvironment.OfProcess(console, (_, _) => throw new InvalidOperationException("Nothing is served here."));
        int code = await new CommandLine(environment).InvokeAsync([.. arguments, "--server", found]);
        return (code, output.ToString(), string.Join('\n', error.ToString().Split('\n').Where(line => !line.Contains("there is no site", StringComparison.Ordinal))));
    }

    public async Task<(int ExitCode, JsonElement Report, string Error)> JsonAsync(params string[] arguments)
    {
        (int code, string output, string error) = await RunAsync([.. arguments, "--json"]);
        return (code, output.Length == 0 ? default : JsonDocument.Parse(output).RootElement, error);
    }

    public static ConfigurationCandidate Candidate(string hocon) => new() { Files = [new CandidateFile("/candidate.conf", hocon)] };

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
