using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>A client of another implementation, which keeps sessions in files.</summary>
internal static class OpenSslClient
{
    /// <summary>Why there is none; null: there is.</summary>
    public static string? Missing { get; } = TestProgram.Find("openssl") is null ? "openssl is not installed" : null;

    /// <summary>A request, as by a client that goes once its ticket has come; answers what openssl says of the session, and the answer.</summary>
    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="arguments">More of <c>s_client</c>.</param>
    public static async Task<string> GetAsync(int port, params string[] arguments)
    {
        await using TestProgram client = TestProgram.Start(
            "sh", ["-c", $"printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' | timeout 20 openssl s_client -connect 127.0.0.1:{port} -servername localhost -ign_eof {string.Join(' ', arguments)}"]);
        await client.EndAsync();
        return client.Output;
    }
}
