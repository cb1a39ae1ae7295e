using System.Net;
using System.Net.Sockets;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.ProxyProtocol;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Actors443.Engine.Portable;

/// <summary>
/// Accepts for one address. Waits at the gate before it accepts, so that the kernel's backlog holds back whom we cannot serve, and refuses before
/// anything is allocated for the connection.
/// </summary>
internal sealed class PortableListener : IConnectionListener
{
    private static readonly TimeSpan ShortageWait = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly TrustedProxies? _proxies;
    private readonly IAcceptGate _gate;
    private readonly ConnectionMetrics _metrics;
    private readonly Action<Exception>? _onFault;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _unbound = new();
    private readonly SocketConnectionContextFactory _contexts;
    private long _lastShortageReport;
    private bool _isShort;

    /// <param name="endPoint">What is wanted; port 0 takes any free one.</param>
    /// <param name="inherited">A socket that listens there already; taken over. Null: it has to be bound.</param>
    /// <param name="backlog">Connections the kernel may hold.</param>
    /// <param name="gate">Says when to accept, and whom.</param>
    /// <param name="proxies">Whose connections begin with a PROXY header; null: nobody's.</param>
    /// <param name="onFault">Told when accepting has ended by itself.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="loggers">Of the server.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BindException">The address cannot be bound.</exception>
    public PortableListener(IPEndPoint endPoint, int? inherited, int backlog, IAcceptGate gate, TrustedProxies? proxies, Action<Exception>? onFault, ConnectionMetrics metrics, ILoggerFactory loggers, TimeProvider time)
    {
        _gate = gate;
        _proxies = proxies;
        _onFault = onFault;
        _metrics = metrics;
        _log = loggers.CreateLogger(LogCategories.Listening);
        _time = time;
        _contexts = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
        _socket = inherited is { } descriptor ? new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (inherited is null)
                Bind(endPoint);
            _socket.Listen(backlog);
        }
        catch (SocketException cause)
        {
            _socket.Dispose();
            throw new BindException(endPoint, cause);
        }

        EndPoint = _socket.LocalEndPoint!;
        Descriptor = (int)_socket.Handle;
    }

    /// <summary>Of the socket, whoever's number that is once it is unbound.</summary>
    public int Descriptor { get; }

    public EndPoint EndPoint { get; }

    /// <summary>Kestrel takes any exception from here for the end of the listener, so none must come from a single connection.</summary>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket? accepted = null;
            try
            {
                await _gate.WaitUntilAcceptingAsync(_unbound.Token);
                for (; _isShort && DescriptorReserve.IsReachedNow(Descriptor); await Task.Delay(ShortageWait, _time, _unbound.Token))
                    ReportShortage(SocketError.TooManyOpenSockets);
                accepted = await _socket.AcceptAsync(_unbound.Token);
                // It has a descriptor that was reserved: it is served, and is the last.
                _isShort = DescriptorReserve.IsReached(accepted.Handle);
                if (accepted.RemoteEndPoint is not IPEndPoint remote)
                {
                    accepted.Dispose();
                    continue;
                }

                if (_gate.TryEnter(remote.Address, _proxies, out CloseReason unlessNode) is not CloseReason.None and var refusal)
                {
                    Refuse(accepted, refusal);
                    continue;
                }

                accepted.NoDelay = true;
                return Enter(accepted, remote, unlessNode);
            }
            catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
            {
                accepted?.Dispose();
                return null;
            }
            catch (ObjectDisposedException) when (_unbound.IsCancellationRequested)
            {
                accepted?.Dispose();
                return null;
            }
            catch (SocketException cause) when (IsShortage(cause.SocketErrorCode))
            {
                accepted?.Dispose();
                ReportShortage(cause.SocketErrorCode);
                await Task.Delay(ShortageWait, _time, CancellationToken.None);
            }
            catch (SocketException cause) when (cause.SocketErrorCode is not (SocketError.NotSocket or SocketError.InvalidArgument or SocketError.OperationAborted))
            {
                // The connection's own fault: it was reset while it waited in the backlog.
                accepted?.Dispose();
                _log.AcceptFailed(EndPoint, cause.SocketErrorCode);
            }
            catch (Exception cause)
            {
                accepted?.Dispose();
                _onFault?.Invoke(cause);
                return null;
            }
        }
    }

    public bool IsUnbound => _unbound.IsCancellationRequested;

    public void Unbind()
    {
        _unbound.Cancel();
        _socket.Dispose();
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        Unbind();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Unbind();
        _contexts.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Bind(IPEndPoint endPoint)
    {
        if (endPoint.Address.Equals(IPAddress.IPv6Any))
            _socket.DualMode = true;
        _socket.Bind(endPoint);
    }

    private ConnectionContext? Enter(Socket accepted, IPEndPoint remote, CloseReason unlessNode)
    {
        try
        {
            ConnectionContext context = _contexts.Create(accepted);
            if (unlessNode != CloseReason.None)
                context.Items[typeof(CloseReason)] = unlessNode;
            return context;
        }
        catch
        {
            if (unlessNode == CloseReason.None)
                _gate.Withdraw(remote.Address);
            else
                _gate.LeaveAsNode();
            accepted.Dispose();
            throw;
        }
    }

    private void Refuse(Socket accepted, CloseReason refusal)
    {
        _metrics.Refused(refusal);
        // A reset at once costs both sides least; nothing of the client has been read.
        accepted.LingerState = new LingerOption(true, 0);
        accepted.Dispose();
    }

    private void ReportShortage(SocketError error)
    {
        _metrics.AcceptShortage();
        long now = _time.GetTimestamp();
        if (_lastShortageReport != 0 && _time.GetElapsedTime(_lastShortageReport, now) < TimeSpan.FromSeconds(1))
            return;
        _lastShortageReport = now;
        _log.AcceptShortage(EndPoint, error);
    }

    private static bool IsShortage(SocketError error) =>
        error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.ProcessLimit or SocketError.SystemNotReady;
}
