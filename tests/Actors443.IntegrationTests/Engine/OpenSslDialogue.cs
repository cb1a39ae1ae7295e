using System.Diagnostics;
using System.Text;

namespace Actors443.IntegrationTests.Engine;

/// <summary><c>openssl s_client</c>, step by step: its commands (K, R) are lines of its input, each to be given alone.</summary>
internal sealed class OpenSslDialogue : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task _reading;
    private bool _isDisposed;

    private OpenSslDialogue(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>All that it has said.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public bool HasEnded => _process.HasExited;

    public static OpenSslDialogue Start(int port, params string[] arguments)
    {
        string[] all = ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", .. arguments];
        return new OpenSslDialogue(Process.Start(new ProcessStartInfo("openssl", all) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!);
    }

    /// <summary>A program that runs until the end of the test.</summary>
    public static OpenSslDialogue StartProgram(params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!);

    /// <summary>Gives it a line; false: it has ended.</summary>
    public async Task<bool> SayAsync(string text)
    {
        try
        {
            await _process.StandardInput.WriteAsync(text);
            await _process.StandardInput.FlushAsync();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public int Count(string text) => Output.Split(text).Length - 1;

    /// <summary>Ends the program; afterwards all that it said is in <see cref="Output"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (!_process.HasExited)
            _process.Kill();
        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        char[] buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is > 0 and int count)
        {
            lock (_output)
                _output.Append(buffer, 0, count);
        }
    }
}
