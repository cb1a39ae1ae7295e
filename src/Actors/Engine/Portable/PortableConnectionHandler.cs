using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.Remoting.Frames;
using Actors443.Routing;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tls.Deciding;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Actors443.Engine.Portable;

/// <summary>
/// The path of a connection from accept to HTTP, as Kestrel connection middleware: ClientHello, admission, handshake, then whatever Kestrel does.
/// One instance a listener; everything that belongs to one connection is in the call.
/// </summary>
internal sealed class PortableConnectionHandler(ListenRequest request, TlsListening tls, ConnectionMetrics metrics, MonotonicClock clock, ILoggerFactory loggers)
{
    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Connections);
    private readonly AdmissionGate _admission = tls.Admission;
    private readonly TlsFrontEnd _frontEnd = tls.FrontEnd;

    public async Task ServeAsync(ConnectionContext transport, ConnectionDelegate http)
    {
        var connection = new PortableConnection(transport, request.Name, clock);
        if (transport.Items.TryGetValue(typeof(CloseReason), out object? refusal))
            connection.EnteredAsNode((CloseReason)refusal!);
        bool handshakeCounted = true;
        bool failed = false;
        bool isSpeaking = false;
        metrics.Accepted(request.Name);
        connection.ExpectSilence(tls.Router?.Table?.Silent?.Settings.SilentFor);
        tls.Owners.Accepted(connection);
        try
        {
            (ConnectionTlsStream? ssl, Route? route) = await SecureAsync(transport, connection);
            tls.HandshakeEnded(connection);
            handshakeCounted = false;
            if (route is not null)
                await LeadAsync(transport, connection, route);
            else if (ssl is not null && tls.Router?.ServerOf(connection.ApplicationProtocol) is { } serve)
                await CarryAsync(transport, connection, ssl, serve);
            // On a loop the owner is there before a handshake can be over; here its supervisor may be late.
            else if (ssl is not null && await connection.IsOwnedAsync(transport.ConnectionClosed))
                isSpeaking = await ServeHttpAsync(transport, connection, ssl, http);
        }
        catch (Exception cause) when (IsTransportFailure(cause))
        {
            failed = true;
        }
        catch (Exception cause)
        {
            connection.SetReason(CloseReason.InternalError, cause.Message);
            _log.ConnectionPathFailed(cause, connection.Id);
            transport.Abort();
        }
        finally
        {
            KestrelEnd.SetReason(connection, transport.Features, connection.HasPeerEnded, failed);
            if (handshakeCounted)
                tls.HandshakeEnded(connection);
            connection.Leave(request.Gate);
            metrics.Closed(connection);
            connection.Ended();
        }

        if (isSpeaking)
            await LingerAsync(transport.Transport.Input);
    }

    /// <summary>ClientHello to the end of the handshake, or to where it is known that the connection is led elsewhere. Neither: it is over and its reason set.</summary>
    private async Task<(ConnectionTlsStream? Ssl, Route? Route)> SecureAsync(ConnectionContext transport, PortableConnection connection)
    {
        if (tls.Proxies?.Contains(connection.Remote.Address) == true && !await PortableProxyHeader.ReadAsync(transport, connection, request.Gate, metrics))
            return default;
        (ClientHello? hello, Route? route) = await ReadClientHelloAsync(transport, connection);
        if (hello is null && route is null)
            return default;
        if (hello is not null)
        {
            connection.HelloRead(hello);
            route = tls.Router?.Table?.ByServerName(hello.ServerName);
        }

        // What is led elsewhere costs an upstream what a handshake costs us.
        CloseReason refusal = tls.TryHandshake(connection, hello);
        if (refusal != CloseReason.None)
        {
            metrics.Refused(refusal);
            if (hello is not null)
                await RefuseAsync(transport, connection, refusal, TlsAlert.AccessDenied, null);
            else
                connection.SetReason(refusal);
            return default;
        }

        connection.Admitted();
        if (route is not null)
            return (null, route);
        return (await SecureAsync(transport, connection, hello!), null);
    }

    private async Task<ConnectionTlsStream?> SecureAsync(ConnectionContext transport, PortableConnection connection, ClientHello hello)
    {
        if (_frontEnd.DecidersOf(hello) is { } deciders && !await IsAgreedAsync(deciders, hello, transport, connection))
            return null;
        TlsDecision decision = _frontEnd.Decide(hello, connection.Remote.Address);
        if (decision.Options is null)
        {
            metrics.HandshakeFailed(decision.Refusal, TimeSpan.Zero);
            await RefuseAsync(transport, connection, decision.Refusal, decision.Alert, decision.Detail);
            return null;
        }

        ConnectionTlsStream? ssl = await HandshakeAsync(transport, connection, decision.Options);
        // A session to resume is the client's claim. If there was none it has had a full handshake, and pays for one; over its rate, it is banned.
        if (hello.OffersResumption && connection.Resumed == false)
            _admission.TryHandshake(connection.Remote.Address, offersResumption: false);
        if (ssl is null || !decision.Options.EndsAfterHandshake)
            return ssl;
        connection.SetReason(CloseReason.ChallengeAnswered);
        await using (ssl)
            await ssl.ShutdownAsync();
        return null;
    }

    private async Task<bool> IsAgreedAsync(HandshakeDeciders deciders, ClientHello hello, ConnectionContext transport, PortableConnection connection)
    {
        HandshakeOutcome? outcome = await AwaitedDecision.MadeAsync(deciders, hello, connection, metrics, transport.ConnectionClosed);
        if (outcome is null)
            connection.PeerEnded();
        else if (outcome.Refusal != CloseReason.None)
            await RefuseAsync(transport, connection, outcome.Refusal, outcome.Alert, outcome.Detail);
        return outcome == HandshakeOutcome.Accepted;
    }

    private async Task<ConnectionTlsStream?> HandshakeAsync(ConnectionContext transport, PortableConnection connection, HandshakeOptions options)
    {
        var ssl = new ConnectionTlsStream(new DuplexPipeStream(transport.Transport, connection), connection);
        long start = Stopwatch.GetTimestamp();
        using Activity? span = ConnectionTraces.StartHandshake(connection);
        connection.HandshakeStarted();
        CloseReason reason;
        string? detail = null;
        try
        {
            await ssl.AuthenticateAsServerAsync(options.ForSslStream, CancellationToken.None);
            if (ssl.IsRefused)
            {
                connection.SetReason(CloseReason.ClientCertificateRejected, "its certificate is not valid");
                (reason, detail) = (connection.Reason, connection.ReasonDetail);
                await SpokenRefusal.SayAsync(ssl, detail ?? reason.ToTag());
            }
            else if (options.Policy.Accepts(ssl.SslProtocol, ssl.NegotiatedCipherSuite) || connection.Reason != CloseReason.None)
            {
                connection.HandshakeCompleted(ssl);
                _frontEnd.Completed(options.Certificate, connection.Resumed, connection.Remote.Address);
                metrics.HandshakeCompleted(connection, Stopwatch.GetElapsedTime(start));
                span.Completed(connection);
                return ssl;
            }
            else
            {
                _log.UnexpectedCipher(TlsNames.Version(ssl.SslProtocol), ssl.NegotiatedCipherSuite.ToString());
                reason = CloseReason.NoSharedCipher;
            }
        }
        catch (Exception cause) when (cause is AuthenticationException or IOException or OperationCanceledException or InvalidOperationException)
        {
            (reason, detail) = HandshakeFailure.Classify(cause, connection.HasPeerEnded, options.Clients is not null);
        }

        connection.SetReason(reason, detail);
        connection.Record(LifecycleEvent.HandshakeFailed, (ushort)reason);
        _frontEnd.Failed(options.Certificate, reason, detail, connection.ServerName, connection.Remote.Address);
        metrics.HandshakeFailed(connection.Reason, Stopwatch.GetElapsedTime(start));
        span.Failed(connection.Reason, connection.ReasonDetail);
        await ssl.DisposeAsync();
        return null;
    }

    private async Task LeadAsync(ConnectionContext transport, PortableConnection connection, Route route)
    {
        var client = new PortableRawClient(transport, connection);
        await tls.Router!.ServeAsync(connection, client, route);
        await client.CompleteAsync();
    }

    private static async Task CarryAsync(ConnectionContext transport, PortableConnection connection, SslStream ssl, Func<EngineConnection, IRoutedClient, Task> serve)
    {
        var client = new PortableTlsClient(ssl, new TlsDuplexPipe(ssl, transport.Features.Get<IMemoryPoolFeature>()?.MemoryPool ?? MemoryPool<byte>.Shared));
        await using (ssl)
        {
            await serve(connection, client);
            await client.CompleteAsync();
            // Disposing alone sends no close_notify, and without it a client cannot tell the end from a cut.
            if (!connection.IsAborted)
                await client.EndOutputAsync();
        }
    }

    /// <returns>Whether it has ended in order while its client was still speaking.</returns>
    private async Task<bool> ServeHttpAsync(ConnectionContext transport, PortableConnection connection, ConnectionTlsStream ssl, ConnectionDelegate http)
    {
        IFeatureCollection features = transport.Features;
        features.Set<ITlsConnectionFeature>(connection);
        features.Set<ITlsHandshakeFeature>(connection);
        features.Set<ITlsApplicationProtocolFeature>(connection);
        features.Set<IActorConnectionFeature>(connection);
        using CancellationTokenSource? over = connection.ApplicationProtocol == SslApplicationProtocol.Http2 ? CancellationTokenSource.CreateLinkedTokenSource(transport.ConnectionClosed) : null;
        if (over is not null)
        {
            connection.SpeaksHttp2(request.Limits, over);
            ssl.Watch(_admission);
        }

        IDuplexPipe raw = transport.Transport;
        bool isSpeaking = false;
        var decrypted = new TlsDuplexPipe(ssl, features.Get<IMemoryPoolFeature>()?.MemoryPool ?? MemoryPool<byte>.Shared);
        transport.Transport = decrypted;
        try
        {
            await using (ssl)
            {
                Task served = http(new PortableConnectionContext(transport, connection));
                await (over is null ? served : UntilOverAsync(served, connection, over.Token));
                await PartAsync(transport, connection);
                isSpeaking = IsSpeaking(connection, raw.Input);
                await decrypted.Input.CompleteAsync();
                await decrypted.Output.CompleteAsync();
                // Disposing alone sends no close_notify, and without it a client cannot tell the end from a cut.
                if (!connection.IsAborted)
                    await SayGoodbyeAsync(ssl, connection);
            }
        }
        finally
        {
            transport.Transport = raw;
        }

        return isSpeaking && !connection.IsAborted;
    }

    // Kestrel can wait for ever for an HTTP/2 stream that it lost track of while its connection was cut (dotnet/aspnetcore#51307): then it ends without Kestrel.
    private async Task UntilOverAsync(Task served, PortableConnection connection, CancellationToken over)
    {
        await served.WaitAsync(over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // From now on it is a matter of time.
        while (!served.IsCompleted)
        {
            await served.WaitAsync(EngineConnection.HttpPatience, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (served.IsCompleted || connection.RequestsInFlight > 0)
                continue;
            _log.HttpGivenUp(connection.Id);
            return;
        }

        await served;
    }

    private static async Task PartAsync(ConnectionContext transport, PortableConnection connection)
    {
        if (connection.Http2 is not { HasSaidGoodbye: true } || connection.HasPeerEnded || connection.IsAborted)
            return;
        KestrelEnd.SetReason(connection, transport.Features, peerEnded: false, failed: false);
        await Task.Delay(EngineConnection.PartingPatience, transport.ConnectionClosed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task SayGoodbyeAsync(ConnectionTlsStream ssl, PortableConnection connection)
    {
        try
        {
            await ssl.ShutdownAsync();
        }
        catch (CryptographicException cause)
        {
            // A client of TLS 1.2 that wanted to renegotiate: SslStream gives up reading with no word of why, and OpenSSL is in the middle of a handshake.
            connection.SetReason(CloseReason.ProtocolError, $"TLS: {cause.Message}");
        }
    }

    /// <summary>More has come than was read, or is on its way. While a request without a body is served nobody reads, so that nobody has seen a reset: it is seen here.</summary>
    private static bool IsSpeaking(PortableConnection connection, PipeReader input)
    {
        if (connection.HasPeerEnded || connection.IsAborted)
            return false;
        try
        {
            if (!input.TryRead(out ReadResult rest))
                return connection.Reason == CloseReason.FrameFlood;
            input.AdvanceTo(rest.Buffer.Start);
            return !rest.IsCompleted;
        }
        catch (ConnectionResetException)
        {
            connection.CutOff();
        }
        catch (InvalidOperationException)
        {
            // A read is under way: it sees what there is to see.
        }

        return false;
    }

    // Closing at once with bytes unread would reset the connection, and the client might lose what it was told last.
    private static async Task LingerAsync(PipeReader input)
    {
        using var patience = new CancellationTokenSource(EngineConnection.LingeringPatience);
        ReadResult rest;
        try
        {
            do
            {
                rest = await input.ReadAsync(patience.Token);
                input.AdvanceTo(rest.Buffer.End);
            }
            while (!rest.IsCompleted);
        }
        catch (Exception cause) when (IsTransportFailure(cause))
        {
            // It is over either way, and why has been said.
        }
    }

    /// <summary>A ClientHello, or a route for a client that does not begin with one; neither: the connection is over and its reason set.</summary>
    private async Task<(ClientHello? Hello, Route? Route)> ReadClientHelloAsync(ConnectionContext transport, PortableConnection connection)
    {
        PipeReader input = transport.Transport.Input;
        RoutingTable? routes = tls.Router?.Table;
        connection.AwaitHello(routes?.Silent?.Settings.SilentFor);
        while (true)
        {
            ReadResult result = await input.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (routes is not null && (!result.IsCompleted || !buffer.IsEmpty))
            {
                if (!buffer.IsEmpty)
                    connection.HasSpoken();
                bool isSilent = result.IsCanceled && buffer.IsEmpty;
                bool undecided = false;
                if ((isSilent ? routes.Silent : routes.ByFirstBytes(buffer, out undecided)) is { } route)
                {
                    input.AdvanceTo(buffer.Start);
                    return (null, route);
                }

                if ((undecided || result.IsCanceled) && !result.IsCompleted)
                {
                    input.AdvanceTo(buffer.Start, buffer.End);
                    continue;
                }
            }

            ClientHelloStatus status = ClientHelloReader.TryRead(buffer, out ClientHello? hello);
            switch (status)
            {
                case ClientHelloStatus.Complete:
                    input.AdvanceTo(buffer.Start);
                    return (hello, null);
                case ClientHelloStatus.Incomplete when !result.IsCompleted && !result.IsCanceled:
                    input.AdvanceTo(buffer.Start, buffer.End);
                    continue;
                case ClientHelloStatus.Incomplete:
                    input.AdvanceTo(buffer.End);
                    connection.PeerEnded();
                    connection.SetReason(CloseReason.ClientClosed, "before a ClientHello");
                    return default;
                case ClientHelloStatus.PlainHttp:
                    input.AdvanceTo(buffer.End);
                    connection.SetReason(CloseReason.PlainHttp);
                    await transport.Transport.Output.WriteAsync(PlainHttpReply.Bytes);
                    return default;
                case ClientHelloStatus.NotTls:
                    input.AdvanceTo(buffer.End);
                    connection.SetReason(CloseReason.NotTls);
                    return default;
                default:
                    input.AdvanceTo(buffer.End);
                    await RefuseAsync(transport, connection, CloseReason.MalformedClientHello, status.ToAlert(), null);
                    return default;
            }
        }
    }

    internal static async Task RefuseAsync(ConnectionContext transport, PortableConnection connection, CloseReason reason, TlsAlert alert, string? detail)
    {
        connection.SetReason(reason, detail);
        PipeWriter output = transport.Transport.Output;
        TlsAlertRecord.Write(alert, output.GetSpan(TlsAlertRecord.Length));
        output.Advance(TlsAlertRecord.Length);
        await output.FlushAsync();
    }

    private static bool IsTransportFailure(Exception cause) =>
        cause is IOException or OperationCanceledException or ObjectDisposedException || cause is ConnectionAbortedException or ConnectionResetException;
}
