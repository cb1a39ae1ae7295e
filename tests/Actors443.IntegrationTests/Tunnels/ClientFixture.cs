using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Server.Cli;
using Actors443.Server.Tunnels;
using Actors443.Testing;
using Actors443.Tunnels.Targets;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>The near end of tunnels in this process, with one forwarded port.</summary>
internal sealed class ClientFixture : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly StringWriter _said = new();
    private Task<int> _running = Task.FromResult(0);

    public int Port { get; private set; }

    public string Said => _said.ToString();

    /// <param name="server">With the account alice.</param>
    /// <param name="target">Null: SOCKS5.</param>
    /// <param name="configure">More to set.</param>
    /// <param name="port">Where the server is reached; 0: directly.</param>
    public static Task<ClientFixture> StartAsync(RunningServer server, string? target, Func<TunnelServerAddress, TunnelServerAddress>? configure = null, int port = 0)
    {
        var fixture = new ClientFixture();
        var address = new TunnelServerAddress
        {
            Url = new Uri($"https://localhost:{(port == 0 ? server.HttpsPort : port)}/"),
            Account = "alice",
            Token = TunnelServer.Token,
            Roots = [X509CertificateLoader.LoadCertificateFromFile(RootOf(server))],
        };
        address = configure?.Invoke(address) ?? address;
        fixture.Port = FreePort.Next();
        var client = new TunnelClient(new TunnelRequest(address), new CommandConsole(TextWriter.Null, TextWriter.Synchronized(fixture._said), false, false, false, 0));
        fixture._running = client.RunListenersAsync([new TunnelForward(new IPEndPoint(IPAddress.Loopback, fixture.Port), target is null ? null : TunnelTarget.Parse(target))], fixture._stop.Token);
        return Task.FromResult(fixture);
    }

    public static string RootOf(RunningServer server) => LocalCa.RootPathIn(LocalCa.FolderIn(Path.Combine(server.StateDirectory, "state")));

    public async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
