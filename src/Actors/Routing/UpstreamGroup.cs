using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tunnels;
using Actors443.Tunnels.Egress;

namespace Actors443.Routing;

/// <summary>
/// The upstreams of a route. They take turns; one that cannot be connected to is passed over for a while, and tried again then, or sooner if no other is left. A name is
/// looked up at each connection. Thread-safe.
/// </summary>
internal sealed class UpstreamGroup(ConnectionRouteSettings settings, ITargetResolver resolver, MonotonicClock clock, RoutingMetrics metrics, ILogger log)
{
    private readonly Upstream[] _upstreams = [.. settings.To.Select(address => new Upstream(address))];
    private readonly X509Certificate2Collection? _roots = settings.TrustedRoots is { } file ? TrustedRoots.Load(file) : null;
    private int _turn = -1;

    /// <summary>Those that are passed over at this moment.</summary>
    public IEnumerable<UpstreamAddress> Paused => _upstreams.Where(IsPaused).Select(upstream => upstream.Address);

    /// <summary>A connection, or why no upstream gave one.</summary>
    /// <param name="protocol">What the client speaks, for upstreams with TLS.</param>
    /// <param name="connector">Connects.</param>
    /// <param name="cancellationToken">Nobody wants it any more.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<DialedUpstream> DialAsync(SslApplicationProtocol protocol, IEgressConnector connector, CancellationToken cancellationToken)
    {
        var failure = new DialedUpstream(null, null, CloseReason.UpstreamUnreachable, "there is none");
        foreach (Upstream upstream in InTurn())
        {
            DialedUpstream dialed = await DialAsync(upstream.Address, protocol, upstream.Address.Tls ? SystemEgressConnector.Instance : connector, cancellationToken);
            Note(upstream, dialed);
            if (dialed.Socket is not null)
                return dialed;
            failure = dialed;
        }

        return failure;
    }

    private List<Upstream> InTurn()
    {
        int first = (int)((uint)Interlocked.Increment(ref _turn) % (uint)_upstreams.Length);
        var order = new List<Upstream>(_upstreams.Length);
        foreach (bool paused in (bool[])[false, true])
        {
            for (int index = 0; index < _upstreams.Length; index++)
            {
                Upstream upstream = _upstreams[(first + index) % _upstreams.Length];
                if (IsPaused(upstream) == paused)
                    order.Add(upstream);
            }
        }

        return order;
    }

    private async Task<DialedUpstream> DialAsync(UpstreamAddress address, SslApplicationProtocol protocol, IEgressConnector connector, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.ConnectTimeout);
        try
        {
            IPAddress[] found = IPAddress.TryParse(address.Host, out IPAddress? written) ? [written] : await resolver.ResolveAsync(address.Host, patience.Token);
            (EgressSocket? socket, TunnelRefusal? refusal) = await TunnelDialer.ConnectAsync([.. found.Select(each => new IPEndPoint(each, address.Port))], connector, patience.Token);
            if (socket is not null)
                return new DialedUpstream(address.Tls ? await TlsEgress.ConnectAsync(socket, TlsOf(address, protocol), patience.Token) : socket, address, CloseReason.None, null);
            cancellationToken.ThrowIfCancellationRequested();
            return new DialedUpstream(null, address, refusal == TunnelRefusal.ConnectionRefused ? CloseReason.UpstreamRefused : refusal == TunnelRefusal.TimedOut ? CloseReason.UpstreamTimeout : CloseReason.UpstreamUnreachable, address.ToString());
        }
        catch (Exception cause) when (cause is AuthenticationException or IOException)
        {
            return new DialedUpstream(null, address, CloseReason.UpstreamUnreachable, $"{address}: no TLS with it: {cause.Message}");
        }
        catch (SocketException cause) when (cause.SocketErrorCode is SocketError.ConnectionReset or SocketError.OperationAborted or SocketError.Shutdown)
        {
            return new DialedUpstream(null, address, CloseReason.UpstreamReset, $"{address}, while TLS was agreed upon");
        }
        catch (SocketException cause)
        {
            return new DialedUpstream(null, address, CloseReason.UpstreamUnreachable, $"{address}: its name has no address ({cause.SocketErrorCode})");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new DialedUpstream(null, address, CloseReason.UpstreamTimeout, address.ToString());
        }
    }

    private SslClientAuthenticationOptions TlsOf(UpstreamAddress address, SslApplicationProtocol protocol) => new()
    {
        TargetHost = address.Host,
        ApplicationProtocols = [protocol],
        CertificateChainPolicy = _roots is null ? null : TrustedRoots.PolicyOf(_roots),
    };

    private void Note(Upstream upstream, in DialedUpstream dialed)
    {
        if (dialed.Socket is not null)
        {
            if (Interlocked.Exchange(ref upstream.PausedUntilMs, 0) != 0)
                log.UpstreamIsBack(upstream.Address, settings.Name);
            return;
        }

        metrics.UpstreamFailed(settings.Name, upstream.Address, dialed.Refusal);
        long before = Interlocked.Exchange(ref upstream.PausedUntilMs, clock.NowMs + (long)settings.FailurePause.TotalMilliseconds);
        if (before == 0)
            log.UpstreamIsDown(upstream.Address, settings.Name, dialed.Refusal.ToTag(), settings.FailurePause);
    }

    private bool IsPaused(Upstream upstream) => Volatile.Read(ref upstream.PausedUntilMs) > clock.NowMs;

    private sealed class Upstream(UpstreamAddress address)
    {
        /// <summary>0: the last connection was made.</summary>
        public long PausedUntilMs;

        public UpstreamAddress Address => address;
    }
}

/// <summary>What came of connecting to an upstream.</summary>
/// <param name="Socket">Null: nothing.</param>
/// <param name="Address">As it is written in settings; null: there is none.</param>
/// <param name="Refusal">None with a socket.</param>
/// <param name="Detail">For the obituary.</param>
internal readonly record struct DialedUpstream(EgressSocket? Socket, UpstreamAddress? Address, CloseReason Refusal, string? Detail);
