using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tls.Deciding;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Actors443.Engine.Quic;

/// <summary>
/// The path of a QUIC connection. <see cref="HelloAsync"/> is asked for the certificate when a ClientHello has come; <see cref="ServeAsync"/> has the connection from the end of its
/// handshake. A client is counted and owned only then: before, its address is a claim that anybody can make (RFC 9000 8.1), and who pretends to be another must not use up
/// what that one may have.
/// </summary>
internal sealed class QuicConnectionHandler(ListenRequest request, TlsListening tls, int places, ConnectionMetrics metrics, MonotonicClock clock, ILoggerFactory loggers)
{
    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Connections);
    private readonly AdmissionGate _admission = tls.Admission;
    private volatile bool _closed;

    /// <summary>Takes no more connections. Any thread.</summary>
    public void Close() => _closed = true;

    /// <exception cref="AuthenticationException">It is refused.</exception>
    public async ValueTask<SslServerAuthenticationOptions> HelloAsync(TlsHandshakeCallbackContext context)
    {
        if (_closed || _admission.Mode == AdmissionMode.Paused)
            throw new AuthenticationException("The server takes no connections now.");
        var hello = ClientHello.OfQuic(context.ClientHelloInfo.ServerName);
        var connection = new QuicConnection(context.Connection, request.Name, places, clock);
        connection.HelloRead(hello);
        if (tls.FrontEnd.DecidersOf(hello) is { } deciders
            && await AwaitedDecision.MadeAsync(deciders, hello, connection, metrics, context.CancellationToken) is var outcome && outcome != HandshakeOutcome.Accepted)
            throw Refuse(connection, outcome?.Refusal ?? connection.Reason, outcome?.Detail);
        TlsDecision decision = tls.FrontEnd.Decide(hello, connection.Remote.Address);
        if (decision.Options is not { EndsAfterHandshake: false } options)
            throw Refuse(connection, decision.Refusal, decision.Detail);
        connection.HandshakeStarted();
        context.Connection.Features.Set(new Handshake(connection, options.Certificate, Stopwatch.GetTimestamp()));
        return options.ForHttp3;
    }

    public async Task ServeAsync(MultiplexedConnectionContext transport, MultiplexedConnectionDelegate http)
    {
        Handshake handshake = transport.Features.GetRequiredFeature<Handshake>();
        QuicConnection connection = handshake.Connection;
        IPAddress client = connection.Remote.Address;
        connection.HandshakeCompleted(transport);
        if (!Enters(connection, client))
            return;
        metrics.Accepted(request.Name);
        metrics.HandshakeCompleted(connection, Stopwatch.GetElapsedTime(handshake.StartedAt));
        tls.FrontEnd.Completed(handshake.Certificate, resumed: null, client);
        transport.Features.Set<IActorConnectionFeature>(connection);
        tls.Owners.Accepted(connection);
        try
        {
            if (await connection.IsOwnedAsync(transport.ConnectionClosed))
                await http(transport);
            connection.SetOrderlyReason(transport.ConnectionClosed.IsCancellationRequested ? CloseReason.ClientClosed : CloseReason.ServerClosed);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ConnectionAbortedException or ConnectionResetException)
        {
            connection.SetReason(CloseReason.ClientReset);
        }
        catch (Exception cause)
        {
            _log.ConnectionPathFailed(cause, connection.Id);
            connection.Abort(CloseReason.InternalError, cause.Message);
        }
        finally
        {
            request.Gate.Leave(client);
            metrics.Closed(connection);
            connection.Ended();
        }
    }

    // What a TCP connection passes at accept and at its ClientHello.
    private bool Enters(QuicConnection connection, IPAddress client)
    {
        CloseReason refusal = request.Gate.TryEnter(client);
        if (refusal == CloseReason.None)
        {
            refusal = _admission.TryHandshake(client, offersResumption: false);
            _admission.HandshakeEnded(client);
            if (refusal == CloseReason.None)
                return true;
            request.Gate.Leave(client);
        }

        metrics.Refused(refusal);
        connection.Abort(Http3Error.ExcessiveLoad, refusal);
        return false;
    }

    private AuthenticationException Refuse(QuicConnection connection, CloseReason reason, string? detail)
    {
        metrics.HandshakeFailed(reason, TimeSpan.Zero);
        _log.QuicRefused(connection.Remote, reason, detail);
        return new AuthenticationException($"Refused: {reason}.");
    }

    private sealed record Handshake(QuicConnection Connection, Certificates.ServerCertificate Certificate, long StartedAt);
}
