using System.Buffers;
using System.IO.Pipelines;
using Actors443.Connections;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Routing;
using Actors443.Tls;
using Actors443.Tunnels.Egress;

namespace Actors443.Engine.EventLoop;

/// <summary>A connection that is led to an upstream: its bytes go through the pipes as they come, without TLS of ours.</summary>
internal sealed partial class LoopConnection : IRoutedClient
{
    private bool _isRaw;
    private bool _isBlocked;
    private bool _isUnwatched = true;
    private bool _outputEnds;
    private bool _outputEnded;

    public override IEgressConnector Egress => _home.Egress;

    PipeReader IRoutedClient.Input => _input;

    PipeWriter IRoutedClient.Output => _output;

    private RoutingTable? Routes => _entry.Tls.Router?.Table;

    ValueTask IRoutedClient.EndOutputAsync()
    {
        Volatile.Write(ref _outputEnds, true);
        ((Pipes.IPipeOwner)this).OutputFlushed();
        return ValueTask.CompletedTask;
    }

    public override void ClientIsSilent() => Post(SilentWork);

    private void LeadIfSilent()
    {
        if (_phase != Phase.Hello || SilenceDueMs is 0 || SilenceDueMs > Clock.NowMs || Routes?.Silent is not { } route)
            return;
        Step(() => Lead(route, [], null));
    }

    /// <summary>False: how it begins says nothing, and its ClientHello may.</summary>
    private bool LeadByFirstBytes(RoutingTable routes, ReadOnlyMemory<byte> bytes)
    {
        Route? route = routes.ByFirstBytes(new ReadOnlySequence<byte>(bytes), out bool undecided);
        if (route is not null)
            Lead(route, bytes.Span, null);
        else if (undecided && _hello is null)
            Gather(bytes.Span);
        return route is not null || undecided;
    }

    /// <param name="route">Where to.</param>
    /// <param name="said">All that has come.</param>
    /// <param name="hello">What it is; null: something else.</param>
    private unsafe void Lead(Route route, ReadOnlySpan<byte> said, ClientHello? hello)
    {
        // It costs an upstream what a handshake costs us.
        CloseReason refusal = _entry.Tls.TryClientHandshake(this, hello);
        if (refusal != CloseReason.None)
        {
            _origin.Metrics.Refused(refusal);
            if (hello is not null)
                Refuse(refusal, null, TlsAlert.AccessDenied);
            else
                Refuse(refusal, null, []);
            return;
        }

        Admitted();
        HandshakeOver();
        _isRaw = true;
        _phase = Phase.Open;
        _httpEnded = false;
        Take(said);
        _hello = null;
        _helloLength = 0;
        _home.Bio.SetInput(null, 0);
        _ = LeadAsync(_entry.Tls.Router!, route);
    }

    /// <summary>What TLS has agreed upon is served instead of HTTP.</summary>
    private void Carry(Func<EngineConnection, IRoutedClient, Task> serve)
    {
        _phase = Phase.Open;
        _httpEnded = false;
        // What came with the end of the handshake is there for whoever serves it.
        if (HasReceived)
            Decrypt();
        if (_phase == Phase.Open)
            _ = CarryAsync(serve);
        else
            EndHttp();
    }

    private Task LeadAsync(ConnectionRouter router, Route route) => CarryAsync((connection, client) => router.ServeAsync(connection, client, route));

    private async Task CarryAsync(Func<EngineConnection, IRoutedClient, Task> serve)
    {
        await serve(this, this);
        await _input.CompleteAsync();
        await _output.CompleteAsync();
        HttpEnded();
    }

    private unsafe void TakeReceived(int count)
    {
        Take(_home.ReceivedMemory.Span[..count]);
        _home.Bio.SetInput(null, 0);
    }

    private unsafe void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = new Span<byte>(_input.Reserve(out int length), length);
            int count = Math.Min(length, bytes.Length);
            bytes[..count].CopyTo(room);
            _input.Advance(count);
            bytes = bytes[count..];
        }

        if (_input.IsFull)
            UpdateInterest();
        // Whoever waits runs here and now, and may end the connection.
        _input.Publish();
    }

    /// <summary>Sends what has been flushed, as far as the socket takes it.</summary>
    private void WriteRaw()
    {
        _dirty = false;
        _isBlocked = false;
        while (_phase is Phase.Open or Phase.Closing)
        {
            ReadOnlySequence<byte> bytes = _output.PeekAll();
            if (bytes.IsEmpty)
                break;
            int sent = GatheredSend.Send(_descriptor, bytes, out int error);
            if (error is not (0 or LibC.EAGAIN or LibC.EINTR))
            {
                CutOff();
                return;
            }

            BytesWritten += sent;
            _output.ConsumeTo(bytes.GetPosition(sent));
            _isBlocked = error != 0;
            if (_isBlocked)
                break;
        }

        _ = EndOutputIfSent();
        UpdateInterest();
        // A writer that waited runs here and now; what it writes has its turn at the end of the next tick.
        bool processing = _processing;
        _processing = false;
        _output.Drained();
        _output.EndTurn();
        _processing = processing;
    }

    /// <summary>False: the connection is over.</summary>
    private bool EndOutputIfSent()
    {
        if (!Volatile.Read(ref _outputEnds) || _outputEnded || _phase != Phase.Open || _output.Unsent > 0 || !_unsent.IsEmpty)
            return true;
        _outputEnded = true;
        if (_isRaw)
        {
            _ = LibC.shutdown(_descriptor, LibC.ShutdownWrite);
            return true;
        }

        // close_notify: the client may still speak (RFC 8446 6.1).
        _shutdownSaid = true;
        OpenSsl.ClearErrors();
        _ = OpenSsl.SSL_shutdown(_ssl);
        OpenSsl.ClearErrors();
        return SendOutput();
    }

    // Both sides have said their last, and what came is still on its way to the upstream: the kernel would tell of that again and again.
    private bool IsOverInOrder(uint events) => _outputEnded && (events & LibC.EpollError) == 0;

    private void Unwatch()
    {
        _isUnwatched = true;
        _interest = 0;
        _home.Loop.Unregister(_descriptor);
    }
}
