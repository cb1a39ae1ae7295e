using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Text;
using System.Text.RegularExpressions;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Samples;

/// <summary>A sample as a process of its own, on a free port of 127.0.0.1. Killed at dispose.</summary>
internal sealed partial class SampleProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _state = new();
    private readonly StringBuilder _output = new();

    private SampleProcess(string name, IEnumerable<string> arguments)
    {
        string configuration = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;
        string program = Path.Combine(Repository.Folder, "samples", name, "bin", configuration, "net10.0", name + ".dll");
        string[] all = ["exec", program, "--actors443:https.bind=127.0.0.1:0", "--actors443:http.enabled=off", $"--actors443:engine={TestEngine.Name}", $"--actors443:state-directory={_state.Path}/state", .. arguments];
        _process = new Process { StartInfo = new ProcessStartInfo("dotnet", all) { RedirectStandardOutput = true, RedirectStandardError = true } };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
    }

    public int Port => Listening().Match(Output) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

    private string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public static async Task<SampleProcess> StartAsync(string name, params string[] arguments)
    {
        var sample = new SampleProcess(name, arguments);
        sample._process.Start();
        sample._process.BeginOutputReadLine();
        sample._process.BeginErrorReadLine();
        try
        {
            await Eventually.HoldsAsync(() => sample.Port != 0 || sample._process.HasExited, "the sample listens", TimeSpan.FromMinutes(2));
            return sample.Port != 0 ? sample : throw new InvalidOperationException($"{name} ended at once: {sample.Output}");
        }
        catch
        {
            await sample.DisposeAsync();
            throw;
        }
    }

    public HttpClient CreateClient() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
    })
    {
        BaseAddress = new Uri($"https://localhost:{Port}/"),
    };

    /// <summary>As <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
        _state.Dispose();
    }

    [GeneratedRegex(@"Now listening on: https://127\.0\.0\.1:(\d+)")]
    private static partial Regex Listening();

    private void Append(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }
}
