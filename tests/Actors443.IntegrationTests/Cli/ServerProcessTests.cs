using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using Actors443.Certificates;
using Actors443.Server.Cli;

namespace Actors443.IntegrationTests.Cli;

/// <summary>The program as people start it: a process of its own.</summary>
public sealed partial class ServerProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("a443-process-");

    public void Dispose() => _state.Delete(recursive: true);

    [SkippableFact]
    public async Task Run_says_where_it_listens_shows_its_connections_and_ends_on_term_with_0()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGTERM");
        using Process server = Start("run", "--set", "https.bind=127.0.0.1:0", "--set", "http.enabled=off", "--set", "admin.bind=127.0.0.1:0", "--set", $"state-directory={_state.FullName}");
        try
        {
            Task<string> log = server.StandardError.ReadToEndAsync();
            string banner = await ReadBannerAsync(server);
            int port = int.Parse(Opened().Match(banner).Groups[1].Value, CultureInfo.InvariantCulture);
            string admin = Administered().Match(banner).Groups[1].Value;

            using var client = new TcpClient(AddressFamily.InterNetwork);
            await client.ConnectAsync(IPAddress.Loopback, port);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = TrustOf(LocalCa.RootPathIn(LocalCa.FolderIn(_state.FullName))) });
            (int code, string output, string error) = await RunAsync("conns", "--json", "--state", "open", "--set", $"admin.bind={admin}", "--set", $"state-directory={_state.FullName}");

            Assert.Equal((0, ""), (code, error));
            using JsonDocument json = JsonDocument.Parse(output);
            JsonElement connection = Assert.Single(json.RootElement.GetProperty("connections").EnumerateArray());
            Assert.Equal(("localhost", client.Client.LocalEndPoint!.ToString()), (connection.GetProperty("serverName").GetString(), connection.GetProperty("remote").GetString()));
            Assert.DoesNotContain('\x1b', banner);

            using Process kill = Process.Start("kill", ["-TERM", server.Id.ToString(CultureInfo.InvariantCulture)]);
            await server.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(0, server.ExitCode);
            Assert.Matches("(?m)^[0-9TZ:.-]+ info  Listening: ", await log);
        }
        finally
        {
            server.Kill();
        }
    }

    [Fact]
    public async Task A_bad_configuration_is_told_with_file_and_line_and_exit_code_2()
    {
        string file = Path.Combine(_state.FullName, "bad.conf");
        await File.WriteAllTextAsync(file, "actors443 {\n  https { bnd = \"[::]:443\" }\n}\n");

        foreach (string command in (string[])["check", "run"])
        {
            (int code, string output, string error) = await RunAsync(command, file);

            Assert.Equal((2, ""), (code, output));
            Assert.StartsWith($"{file}:2: ", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.Contains("bnd", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_admin_port_in_use_ends_the_start_with_one_line_and_exit_code_1()
    {
        await using AdminFixture other = await AdminFixture.StartAsync();

        (int code, _, string error) = await RunAsync("run", "--set", "https.bind=127.0.0.1:0", "--set", "http.enabled=off", "--set", $"admin.bind={other.EndPoint}", "--set", $"state-directory={_state.FullName}");

        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains(error.Split('\n'), line => line.Contains($"cannot listen on {other.EndPoint} for the admin server", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_https_port_in_use_ends_the_start_with_one_line_and_exit_code_1()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        (int code, string output, string error) = await RunAsync("run", "--set", $"https.bind={taken.LocalEndpoint}", "--set", "http.enabled=off", "--set", "admin.enabled=off", "--set", $"state-directory={_state.FullName}");

        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Single(error.Split('\n'), line => line.Contains($"Cannot listen on {taken.LocalEndpoint}: another process already does", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private static X509ChainPolicy TrustOf(string root) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(root) },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", ["exec", typeof(CommandLine).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            process.Kill();
        }
    }

    private static async Task<string> ReadBannerAsync(Process server)
    {
        var banner = new System.Text.StringBuilder();
        while (await server.StandardOutput.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            banner.AppendLine(line);
            if (line.StartsWith("  stop", StringComparison.Ordinal))
                break;
        }

        return banner.ToString();
    }

    [GeneratedRegex(@"open\s+https://localhost:(\d+)/")]
    private static partial Regex Opened();

    [GeneratedRegex(@"admin\s+http://(127\.0\.0\.1:\d+)/")]
    private static partial Regex Administered();
}
