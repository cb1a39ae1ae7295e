using System.Text;
using Actors443.Testing;
using Actors443.Tunnels;
using Akka.Actor;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>A server with tunnels for the account alice to anything on 127.0.0.1 and a few names; its one site says hello.</summary>
internal static class TunnelServer
{
    public const string Token = "0123456789abcdef0123456789abcdef";

    public static string Basic { get; } = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("alice:" + Token));

    public static string Hocon(string account = "", string tunnels = "", string allow = "\"127.0.0.0/8:*\", \"localhost:*\", \"*.public.test:443\"") => $$"""
        actors443 {
          sites { "*" { respond { body = "hello", type = "text/plain" } } }
          tunnels {
            {{tunnels}}
            accounts {
              alice { token = "{{Token}}", allow = [{{allow}}], {{account}} }
              bob { token = "another token of another account", allow = ["example.com:443"] }
            }
          }
        }
        """;

    public static Task<RunningServer> StartAsync(string engine, string account = "", string tunnels = "") => RunningServer.StartAsync(Hocon(account, tunnels), "engine=" + engine);

    /// <summary>A connection with a tunnel over HTTP/1.1.</summary>
    public static async Task<TlsClient> ConnectAsync(RunningServer server, string authority)
    {
        TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        await client.SendAsync(Request(authority, Basic));
        HttpAnswer answer = await client.ReadAnswerAsync();
        Assert.Equal(200, answer.Status);
        Assert.Empty(answer.Headers);
        return client;
    }

    public static string Request(string authority, string? authorization) =>
        $"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{(authorization is null ? "" : $"Proxy-Authorization: {authorization}\r\n")}\r\n";

    public static async Task<IReadOnlyList<TunnelSnapshot>> TunnelsAsync(RunningServer server) =>
        (await server.Supervisor.Ask<TunnelList>(ListTunnels.Instance, TimeSpan.FromSeconds(10))).Tunnels;
}
