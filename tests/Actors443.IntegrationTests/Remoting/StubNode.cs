using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Remoting;
using Actors443.Remoting.Frames;

namespace Actors443.IntegrationTests.Remoting;

/// <summary>What another node comes to, and does with it whatever a test says: one connection.</summary>
internal sealed class StubNode : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public StubNode() => _listener.Start();

    public PeerAddress Address => new("stub", "127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port);

    public Task<Socket> AcceptAsync() => _listener.AcceptSocketAsync().WaitAsync(Patience);

    /// <summary>TLS with whoever comes, taken for what it says.</summary>
    /// <param name="shown">Of this node.</param>
    /// <param name="protocol">Spoken; null: none.</param>
    /// <param name="around">Put around the socket.</param>
    /// <param name="version">The one of TLS; none: the best.</param>
    public async Task<SslStream> SecureAsync(X509Certificate2 shown, SslApplicationProtocol? protocol, Func<Stream, Stream>? around = null, SslProtocols version = SslProtocols.None)
    {
        Stream transport = new NetworkStream(await AcceptAsync(), ownsSocket: true);
        var tls = new SslStream(around?.Invoke(transport) ?? transport);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(shown, null, offline: true),
            ApplicationProtocols = protocol is { } spoken ? [spoken] : null,
            EnabledSslProtocols = version,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        }).WaitAsync(Patience);
        return tls;
    }

    /// <summary>The same, up to the welcome.</summary>
    public async Task<SslStream> WelcomeAsync(X509Certificate2 shown, Func<Stream, Stream>? around = null, SslProtocols version = SslProtocols.None)
    {
        SslStream tls = await SecureAsync(shown, RemotingProtocol.Alpn, around, version);
        Assert.Equal(ControlKind.Hello, (await ReadControlAsync(tls)).Kind);
        await tls.WriteAsync(new ControlFrame(ControlKind.Welcome, RemotingProtocol.Version, Address.ToString(), "name").Encode());
        return tls;
    }

    public static async Task<ControlFrame> ReadControlAsync(Stream stream)
    {
        (bool isControl, byte[] body) = await ReadFrameAsync(stream);
        Assert.True(isControl);
        Assert.True(ControlFrame.TryDecode(body, out ControlFrame? frame));
        return frame;
    }

    public static async Task<(bool IsControl, byte[] Body)> ReadFrameAsync(Stream stream)
    {
        byte[] header = new byte[Frame.HeaderLength];
        await stream.ReadExactlyAsync(header).AsTask().WaitAsync(Patience);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header);
        byte[] body = new byte[length & ~Frame.Control];
        await stream.ReadExactlyAsync(body).AsTask().WaitAsync(Patience);
        return ((length & Frame.Control) != 0, body);
    }

    public void Dispose() => _listener.Dispose();
}
