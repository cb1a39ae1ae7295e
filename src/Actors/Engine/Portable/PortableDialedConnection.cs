using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Connections;
using Actors443.Engine.Dialing;
using Actors443.Routing;
using Actors443.Telemetry;

namespace Actors443.Engine.Portable;

/// <summary>A connection that this side has made: a socket of the framework's below, SslStream on top.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Its stream goes with its end.")]
internal sealed class PortableDialedConnection : EngineConnection, IRoutedClient
{
    // A record of TLS, so that none is cut into crumbs, and several of them for whoever reads.
    private const int RecordLength = 16 * 1024;

    private readonly Socket _socket;
    private readonly SslStream _tls;
    private readonly ConnectionMetrics? _metrics;
    private bool _peerEnded;

    public PortableDialedConnection(Socket socket, DialRequest request, ConnectionMetrics? metrics, MonotonicClock clock)
        : base(request.Name, PlainAddress.Of(socket.RemoteEndPoint), PlainAddress.Of(socket.LocalEndPoint), clock)
    {
        _socket = socket;
        _metrics = metrics;
        _tls = new SslStream(new CountedStream(this));
        ServerName = request.Tls.Host;
        AllowHandshake(request.Patience);
        Input = PipeReader.Create(_tls, new StreamPipeReaderOptions(bufferSize: 4 * RecordLength, minimumReadSize: RecordLength / 4, leaveOpen: true));
        Output = PipeWriter.Create(_tls, new StreamPipeWriterOptions(minimumBufferSize: RecordLength, leaveOpen: true));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public async ValueTask EndOutputAsync() => await _tls.ShutdownAsync();

    public override void RequestClose() => Carried?.Stop();

    /// <exception cref="AuthenticationException">TLS came to nothing; its reason is set.</exception>
    /// <exception cref="IOException">The same.</exception>
    public async Task SecureAsync(ClientTls wanted, CancellationToken cancellationToken)
    {
        ServerVerdict verdict = default;
        long start = Stopwatch.GetTimestamp();
        HandshakeStarted();
        try
        {
            await _tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = wanted.Host,
                    ApplicationProtocols = [wanted.Protocol],
                    EnabledSslProtocols = wanted.Versions,
                    ClientCertificateContext = wanted.Certificate.Context,
                    AllowTlsResume = false,
                    AllowRenegotiation = false,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, shown, chain, _) =>
                    {
                        verdict = wanted.Look(_tls.NegotiatedApplicationProtocol.Protocol.Span, shown as X509Certificate2, chain?.ChainElements.Select(element => element.Certificate) ?? []);
                        return verdict.IsGood;
                    },
                },
                cancellationToken);
        }
        catch (Exception cause) when (cause is AuthenticationException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            PeerAlert = HandshakeFailure.AlertOf(cause);
            if (cause is not OperationCanceledException)
            {
                (CloseReason reason, string? detail) = Explain(cause, verdict);
                SetReason(reason, detail);
            }

            Record(LifecycleEvent.HandshakeFailed, (ushort)Reason);
            _metrics?.HandshakeFailed(Reason, Stopwatch.GetElapsedTime(start));
            throw;
        }

        TlsVersion = _tls.SslProtocol;
        CipherSuite = _tls.NegotiatedCipherSuite;
        ApplicationProtocol = _tls.NegotiatedApplicationProtocol;
        Resumed = false;
        ClientCertificate = (X509Certificate2)_tls.RemoteCertificate!;
        HandshakeCompleted();
        _metrics?.HandshakeCompleted(this, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Ends it when it is released.</summary>
    public async Task EndAsync(Task released)
    {
        await released;
        await EndAsync();
    }

    /// <summary>Once: nobody reads or writes any more.</summary>
    public async ValueTask EndAsync()
    {
        await _tls.DisposeAsync();
        SetOrderlyReason(Volatile.Read(ref _peerEnded) ? CloseReason.ClientClosed : CloseReason.ServerClosed);
        _metrics?.Closed(this);
        Ended();
    }

    protected override void AbortTransport() => _socket.Close(0);

    private (CloseReason Reason, string? Detail) Explain(Exception cause, in ServerVerdict verdict)
    {
        if (verdict.Reason != CloseReason.None)
            return (verdict.Reason, verdict.Problem);
        return PeerAlert is { } alert ? (CloseReason.HandshakeFailed, DialException.SentByServer(alert)) : HandshakeFailure.Classify(cause, Volatile.Read(ref _peerEnded), clientCertificateAsked: false);
    }

    private sealed class CountedStream(PortableDialedConnection connection) : NetworkStream(connection._socket, ownsSocket: true)
    {
        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await base.ReadAsync(buffer, cancellationToken);
            connection.BytesRead += count;
            if (count == 0 && !buffer.IsEmpty)
                Volatile.Write(ref connection._peerEnded, true);
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            connection.BytesWritten += buffer.Length;
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
