using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Actors443.Server.Admin;
using Actors443.Server.Cli;

namespace Actors443.Testing;

/// <summary>The built server as a process of its own, on free ports of 127.0.0.1, with a state directory of its own. Killed at dispose, whatever it does.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    public const int Hangup = 1;
    public const int User2 = 12;
    public const int Terminate = 15;
    private const int EndAtOnce = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly TemporaryFolder _state;
    private readonly List<int> _successors = [];
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly HttpClient _admin = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };

    private ServerProcess(Process process, TemporaryFolder state)
    {
        _process = process;
        _state = state;
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
    }

    public string Output => Read(_output);

    public string Errors => Read(_errors);

    public bool HasExited => _process.HasExited;

    public string StateDirectory => Path.Combine(_state.Path, "state");

    public int HttpsPort => PortIn(Opened());

    public int AdminPort => PortIn(Administered());

    /// <summary>Starts <c>run</c> and waits for <c>/readyz</c> to be 200.</summary>
    /// <param name="hocon">The configuration file's text; null: the built-in one.</param>
    /// <param name="overrides">As with <c>--set</c>; ports and state directory are set besides.</param>
    public static Task<ServerProcess> StartAsync(string? hocon = null, params string[] overrides) => StartUnderAsync([], hocon, overrides);

    /// <inheritdoc cref="StartAsync"/>
    /// <param name="prefix">A program with its arguments that becomes the server, such as <c>prlimit</c>.</param>
    /// <param name="hocon">The configuration file's text; null: the built-in one.</param>
    /// <param name="overrides">As with <c>--set</c>; ports and state directory are set besides.</param>
    public static async Task<ServerProcess> StartUnderAsync(IReadOnlyList<string> prefix, string? hocon = null, params string[] overrides)
    {
        var state = new TemporaryFolder();
        string[] files = hocon is null ? [] : [state.Write("test.conf", hocon)];
        string[] all = [TestEngine.Setting, "https.bind=\"127.0.0.1:0\"", "http.enabled=off", "admin.bind=\"127.0.0.1:0\"", $"state-directory=\"{state.Path}/state\"", .. overrides];
        ServerProcess server = Launch(state, prefix, ["run", .. files, .. all.SelectMany(setting => (string[])["--set", setting])]);
        try
        {
            await Eventually.HoldsAsync(async () => server.HasExited || (server.PortIn(Administered()) != 0 && await server.ReadinessAsync() == 200), "the server is ready", Patience);
            if (server.HasExited)
                throw new InvalidOperationException($"The server ended at once with {server._process.ExitCode}: {server.Errors}");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the program with exactly these arguments and waits for nothing.</summary>
    /// <param name="state">Taken over; <see cref="StateDirectory"/> is in it.</param>
    /// <param name="prefix">A program with its arguments that starts <c>dotnet</c> for us, such as <c>setpriv</c>; empty: none.</param>
    /// <param name="arguments">Of the server.</param>
    public static ServerProcess Launch(TemporaryFolder state, IReadOnlyList<string> prefix, IReadOnlyList<string> arguments)
    {
        string[] command = [.. prefix, Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", "exec", typeof(CommandLine).Assembly.Location, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var server = new ServerProcess(new Process { StartInfo = start }, state);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>The status of <c>/readyz</c>; 0: nobody answers there.</summary>
    public async Task<int> ReadinessAsync()
    {
        try
        {
            using HttpResponseMessage answer = await _admin.GetAsync(new Uri($"http://127.0.0.1:{AdminPort}/readyz"));
            return (int)answer.StatusCode;
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException)
        {
            return 0;
        }
    }

    /// <summary>The states of the connections, as the admin API shows them.</summary>
    public async Task<IReadOnlyList<string>> ConnectionStatesAsync()
    {
        using var client = Admin();
        ConnectionPage page = await client.ListConnectionsAsync(new ConnectionQuery(), CancellationToken.None);
        return [.. page.Connections.Select(connection => connection.State)];
    }

    /// <summary>The process that serves: the one started, or the one that has taken its place.</summary>
    public int ProcessId => _successors is [.., var last] ? last : _process.Id;

    /// <summary>Has a new process of the same program take the place of the one that serves.</summary>
    /// <exception cref="AdminException">It did not come to serve.</exception>
    public async Task<UpgradeReport> UpgradeAsync()
    {
        using var client = Admin();
        client.Patience = Patience;
        UpgradeReport report = await client.UpgradeAsync(CancellationToken.None);
        _successors.Add(report.Now);
        return report;
    }

    /// <summary>What the server that answers says of itself.</summary>
    public async Task<ServerStatus> StatusAsync()
    {
        using var client = Admin();
        return await client.StatusAsync(CancellationToken.None);
    }

    /// <summary>Another process than those known answers: it has taken the place.</summary>
    public async Task<bool> HasSuccessorAsync()
    {
        int now = (await StatusAsync()).ProcessId;
        if (now == ProcessId)
            return false;
        _successors.Add(now);
        return true;
    }

    /// <summary>Whether a process, of this test's or of one that has ended, lives.</summary>
    public static bool Lives(int process)
    {
        try
        {
            // Whoever nobody waits for stays a zombie.
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Signal(int signal)
    {
        if (Kill(ProcessId, signal) != 0)
            throw new InvalidOperationException($"kill: error {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Waits for the end and answers the exit code.</summary>
    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        await _process.WaitForExitAsync().WaitAsync(within ?? Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (int successor in _successors.Where(Lives))
            _ = Kill(successor, EndAtOnce);
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _admin.Dispose();
        _state.Dispose();
    }

    private AdminClient Admin() => AdminClient.At(new IPEndPoint(IPAddress.Loopback, AdminPort), Path.Combine(StateDirectory, "admin-token"));

    private int PortIn(Regex pattern) => pattern.Match(Output) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.AppendLine(line);
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    [GeneratedRegex(@"https\s+127\.0\.0\.1:(\d+)")]
    private static partial Regex Opened();

    [GeneratedRegex(@"admin\s+http://127\.0\.0\.1:(\d+)/")]
    private static partial Regex Administered();
}
