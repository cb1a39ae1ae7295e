using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Actors443.Bench;

/// <summary>A server in a process of its own, with what it costs.</summary>
internal sealed partial class ServerUnderTest : IDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;

    private ServerUnderTest(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>User and system time so far.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Resident bytes now.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>This program again, as one of the compared servers. Its first line is its port.</summary>
    public static async Task<ServerUnderTest> StartComparedAsync(string kind)
    {
        Process process = Start(Environment.ProcessPath!, ["serve", kind]);
        string? line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The {kind} server did not start.");
        return new ServerUnderTest(process, int.Parse(line, CultureInfo.InvariantCulture));
    }

    /// <summary>The product, by its command line, on a given port.</summary>
    public static async Task<ServerUnderTest> StartProductAsync(int port, string state, params string[] arguments)
    {
        string[] all =
        [
            Path.Combine(AppContext.BaseDirectory, "Actors443.Server.dll"), "run",
            "--set", $"https.bind=127.0.0.1:{port}", "--set", "http.enabled=off", "--set", $"state-directory={state}", "--set", "admin.enabled=off", "--set", "log.level=warning",
            .. arguments,
        ];
        Process process = Start("dotnet", all);
        process.ErrorDataReceived += (_, line) => Console.Error.WriteLine(line.Data);
        process.BeginErrorReadLine();
        // The banner is written once everything listens.
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Ctrl+C", StringComparison.Ordinal))
                return new ServerUnderTest(process, port);
        }

        throw new InvalidOperationException("The server did not start.");
    }

    /// <summary>Asks it to drain; answers its exit code.</summary>
    public async Task<int> TerminateAsync(TimeSpan within)
    {
        _ = kill(_process.Id, SigTerm);
        using var timeout = new CancellationTokenSource(within);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = program == "dotnet" };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}
