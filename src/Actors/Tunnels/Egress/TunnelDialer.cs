using System.Net;
using System.Net.Sockets;
using Actors443.Engine;
using Actors443.Tunnels.Targets;

namespace Actors443.Tunnels.Egress;

/// <summary>
/// Connects to targets. A name is resolved once for a tunnel, each of its addresses is checked, and it is these addresses that are connected to, never the name: who
/// owns the name cannot turn it to another address in between (DNS rebinding). Thread-safe.
/// </summary>
internal sealed class TunnelDialer(ITargetResolver resolver)
{
    // RFC 8305 5: the next address has its chance while the one before still tries.
    private static readonly TimeSpan NextAfter = TimeSpan.FromMilliseconds(250);

    /// <summary>A connection, or why there is none.</summary>
    public Task<(EgressSocket? Socket, TunnelRefusal? Refusal)> DialAsync(TargetPolicy policy, TunnelTarget target, IEgressConnector connector, TimeSpan within, CancellationToken cancellationToken) =>
        DialAsync(policy, target, (endPoints, patience) => ConnectAsync(endPoints, connector, patience), within, cancellationToken);

    /// <summary>A socket of UDP for the target's first address, or why there is none. Whether anybody is there, UDP does not tell.</summary>
    public Task<(EgressSocket? Socket, TunnelRefusal? Refusal)> DialUdpAsync(TargetPolicy policy, TunnelTarget target, TimeSpan within, CancellationToken cancellationToken) =>
        DialAsync(policy, target, static (endPoints, _) => Task.FromResult(ConnectUdp(endPoints[0])), within, cancellationToken);

    private async Task<(EgressSocket? Socket, TunnelRefusal? Refusal)> DialAsync(
        TargetPolicy policy, TunnelTarget target, Func<IPEndPoint[], CancellationToken, Task<(EgressSocket? Socket, TunnelRefusal? Refusal)>> connect, TimeSpan within, CancellationToken cancellationToken)
    {
        if (!policy.MayLookUp(target))
            return (null, TunnelRefusal.NotAllowed);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(within);
        try
        {
            (IPEndPoint[] endPoints, TunnelRefusal? refusal) = await FindAsync(policy, target, patience.Token);
            return refusal is null ? await connect(endPoints, patience.Token) : (null, refusal);
        }
        catch (OperationCanceledException)
        {
            return (null, TunnelRefusal.TimedOut);
        }
    }

    /// <summary>The addresses of a target that may be connected to, or why there is none.</summary>
    public async Task<(IPEndPoint[] EndPoints, TunnelRefusal? Refusal)> FindAsync(TargetPolicy policy, TunnelTarget target, CancellationToken cancellationToken)
    {
        IPAddress[] addresses;
        try
        {
            addresses = target.Address is { } written ? [written] : await resolver.ResolveAsync(target.Host, cancellationToken);
        }
        catch (SocketException)
        {
            addresses = [];
        }

        if (addresses.Length == 0)
            return ([], policy.HasName(target) ? TunnelRefusal.NoAddress : TunnelRefusal.NotAllowed);
        IPAddress[] allowed = [.. addresses.Select(PlainAddress.Of).Distinct().Where(address => policy.Check(target, address) == AddressVerdict.Allowed)];
        if (allowed.Length > 0)
            return ([.. Alternate(allowed).Select(address => new IPEndPoint(address, target.Port))], null);
        return ([], addresses.Any(address => policy.Check(target, address) == AddressVerdict.NotPublic) ? TunnelRefusal.NotPublic : TunnelRefusal.NotAllowed);
    }

    /// <summary>A connection to the first of the addresses that answers, or why there is none.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, perhaps; else it is a refusal.</exception>
    public static async Task<(EgressSocket? Socket, TunnelRefusal? Refusal)> ConnectAsync(IPEndPoint[] endPoints, IEgressConnector connector, CancellationToken cancellationToken)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<EgressSocket>>();
        SocketException? failure = null;
        try
        {
            int next = 0;
            while (next < endPoints.Length || attempts.Count > 0)
            {
                if (next < endPoints.Length)
                    attempts.Add(connector.ConnectAsync(endPoints[next++], lost.Token));
                Task<EgressSocket> any = Task.WhenAny(attempts).Unwrap();
                if (next < endPoints.Length)
                    await Task.WhenAny(any, Task.Delay(NextAfter, cancellationToken));
                else
                    await Task.WhenAny(any);
                foreach (Task<EgressSocket> ended in attempts.Where(attempt => attempt.IsCompleted).ToArray())
                {
                    attempts.Remove(ended);
                    if (ended.IsCompletedSuccessfully)
                        return (await ended, null);
                    if (ended.IsCanceled)
                        return (null, TunnelRefusal.TimedOut);
                    failure ??= ended.Exception!.InnerException as SocketException;
                }
            }

            return (null, Refusal(failure?.SocketErrorCode));
        }
        finally
        {
            await lost.CancelAsync();
            foreach (Task<EgressSocket> attempt in attempts)
                _ = attempt.ContinueWith(static late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        }
    }

    private static (EgressSocket? Socket, TunnelRefusal? Refusal) ConnectUdp(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(endPoint);
            return (new UdpEgress(socket, endPoint), null);
        }
        catch (SocketException cause)
        {
            socket.Dispose();
            return (null, Refusal(cause.SocketErrorCode));
        }
    }

    private static TunnelRefusal Refusal(SocketError? error) => error switch
    {
        SocketError.ConnectionRefused => TunnelRefusal.ConnectionRefused,
        SocketError.TimedOut => TunnelRefusal.TimedOut,
        _ => TunnelRefusal.Unreachable,
    };

    // RFC 8305 4: families take turns, the one that comes first begins.
    private static IEnumerable<IPAddress> Alternate(IPAddress[] addresses)
    {
        AddressFamily first = addresses[0].AddressFamily;
        IPAddress[] these = [.. addresses.Where(address => address.AddressFamily == first)];
        IPAddress[] those = [.. addresses.Where(address => address.AddressFamily != first)];
        for (int index = 0; index < Math.Max(these.Length, those.Length); index++)
        {
            if (index < these.Length)
                yield return these[index];
            if (index < those.Length)
                yield return those[index];
        }
    }
}
