using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Actors443.Testing;

/// <summary>A program of the system's that a test drives, killed at dispose.</summary>
public sealed partial class TestProgram : IAsyncDisposable
{
    private const int InterruptSignal = 2;

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private TestProgram(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
    }

    /// <summary>What it has written to stdout and stderr.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>It has ended by itself.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it has ended with.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Whether there is such a program; <c>/usr/sbin</c> is looked into as well.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/sbin").Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Starts it.</summary>
    public static TestProgram Start(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Find(program) ?? program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var running = new TestProgram(new Process { StartInfo = start });
        running._process.Start();
        running._process.BeginOutputReadLine();
        running._process.BeginErrorReadLine();
        return running;
    }

    /// <summary>As Ctrl+C does.</summary>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public void Interrupt()
    {
        if (Kill(_process.Id, InterruptSignal) != 0)
            throw new InvalidOperationException($"kill: error {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Waits for its end, by when <see cref="Output"/> is whole.</summary>
    public Task EndAsync(CancellationToken cancellationToken = default) => _process.WaitForExitAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private void Append(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }
}
