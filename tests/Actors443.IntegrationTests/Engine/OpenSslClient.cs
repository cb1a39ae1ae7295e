using System.Diagnostics;

namespace Actors443.IntegrationTests.Engine;

/// <summary><c>openssl s_client</c>: sessions are kept in files, so that any server can be offered them.</summary>
internal static class OpenSslClient
{
    /// <summary>Why it cannot be used; null: it can.</summary>
    public static string? Missing { get; } = Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "openssl"))) ? null : "openssl is not installed";

    /// <summary>One request over one connection. Whether the session was resumed.</summary>
    public static async Task<bool> ConnectAsync(int port, params string[] arguments)
    {
        string[] all = ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", "-ign_eof", .. arguments];
        using Process process = Process.Start(new ProcessStartInfo("openssl", all) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        await process.StandardInput.FlushAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string output = await process.StandardOutput.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        Assert.True(output.Contains("HTTP/1.1 200", StringComparison.Ordinal), output + await errors);
        return output.Contains("\nReused, ", StringComparison.Ordinal);
    }
}
