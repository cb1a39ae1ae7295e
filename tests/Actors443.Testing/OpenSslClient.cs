using System.Diagnostics;

namespace Actors443.Testing;

/// <summary><c>openssl s_client</c>: a client of another implementation, whose sessions are kept in files, so that any server can be offered them.</summary>
internal static class OpenSslClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Why it cannot be used; null: it can.</summary>
    public static string? Missing { get; } = TestProgram.Find("openssl") is null ? "openssl is not installed" : null;

    /// <summary>One request over one connection; answers what openssl says of the session, and the answer.</summary>
    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="arguments">More of <c>s_client</c>.</param>
    public static async Task<string> GetAsync(int port, params string[] arguments)
    {
        string[] all = ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", "-ign_eof", .. arguments];
        using Process process = Process.Start(new ProcessStartInfo("openssl", all) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        await process.StandardInput.FlushAsync();
        using var patience = new CancellationTokenSource(Patience);
        string output = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return output + await errors;
    }

    /// <summary>The same, of which 200 must come. Whether the session was resumed.</summary>
    /// <exception cref="InvalidOperationException">Another answer, or none.</exception>
    public static async Task<bool> ConnectAsync(int port, params string[] arguments)
    {
        string said = await GetAsync(port, arguments);
        return said.Contains("HTTP/1.1 200", StringComparison.Ordinal) ? said.Contains("\nReused, ", StringComparison.Ordinal) : throw new InvalidOperationException(said);
    }
}
