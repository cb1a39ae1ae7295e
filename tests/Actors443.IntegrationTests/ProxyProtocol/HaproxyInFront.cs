using System.Net;
using System.Net.Sockets;
using Actors443.Testing;

namespace Actors443.IntegrationTests.ProxyProtocol;

/// <summary>HAProxy: in TCP mode before a server, telling it by the PROXY protocol whose connections it brings, or behind one.</summary>
internal sealed class HaproxyInFront : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly TestProgram _haproxy;

    private HaproxyInFront(TemporaryFolder folder, TestProgram haproxy, int port)
    {
        _folder = folder;
        _haproxy = haproxy;
        Port = port;
    }

    /// <summary>Why it cannot be started here; null: it can.</summary>
    public static string? Missing { get; } = TestProgram.Find("haproxy") is null ? "haproxy is not installed (Debian: haproxy)" : null;

    public int Port { get; }

    /// <param name="server">Port of 127.0.0.1.</param>
    /// <param name="option">Of HAProxy's server line, such as <c>send-proxy-v2</c>.</param>
    public static Task<HaproxyInFront> StartAsync(int server, string option) => StartAsync(port => $$"""
        frontend front
          mode tcp
          bind 127.0.0.1:{{port}}
          unique-id-format %{+X}o\ %ci:%cp
          default_backend back
        backend back
          mode tcp
          server one 127.0.0.1:{{server}} {{option}} inter 200ms
        """);

    /// <summary>An HTTP server that answers with text in HAProxy's variables.</summary>
    /// <param name="bind">More for its bind line, such as <c>accept-proxy</c>.</param>
    /// <param name="answer">The text.</param>
    public static Task<HaproxyInFront> AnswerAsync(string bind, string answer) => StartAsync(port => $$"""
        frontend front
          mode http
          bind 127.0.0.1:{{port}} {{bind}}
          http-request return status 200 content-type text/plain lf-string "{{answer}}"
        """);

    private static async Task<HaproxyInFront> StartAsync(Func<int, string> parts)
    {
        var folder = new TemporaryFolder();
        int port = FreePort.Next();
        string configuration = folder.Write("haproxy.cfg", $"""
            global
              maxconn 100
            defaults
              timeout connect 10s
              timeout client 60s
              timeout server 60s
            {parts(port)}

            """);
        TestProgram haproxy = TestProgram.Start("haproxy", ["-db", "-f", configuration]);
        await Eventually.HoldsAsync(() => haproxy.HasExited || Listens(port), "HAProxy listens");
        Assert.False(haproxy.HasExited, haproxy.Output);
        return new HaproxyInFront(folder, haproxy, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _haproxy.DisposeAsync();
        _folder.Dispose();
    }

    private static bool Listens(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
