using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Requests;
using Akka.Actor;

namespace Actors443.Routing.Conversations;

/// <summary>
/// A connection whose protocol an actor speaks. What is read is told to it, <see cref="BytesReceived"/> for each <see cref="Read"/>: a client whose bytes nobody asks for is held back by TCP.
/// Thread-safe; to be called by the actor or by whoever helps it.
/// </summary>
public sealed class ProtocolConnection : ICarriedProtocol
{
    private const int LongestPiece = 32 * 1024;

    // A client that reads too slowly gets no more of what others say.
    private const int MostWaiting = 64;

    private readonly EngineConnection _connection;
    private readonly IRoutedClient _client;
    private readonly AsyncSignal _asked = new();
    private readonly ConcurrentQueue<Written> _writes = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeSpan? _idle;
    private readonly RouteVisit? _visit;
    private IActorRef _owner;
    private IActorRef _guard = ActorRefs.Nobody;
    private int _credits;
    private int _unwritten;
    private volatile bool _isOver;
    private volatile bool _inputEnded;
    private volatile bool _outputEnded;
    private volatile bool _closing;

    internal ProtocolConnection(EngineConnection connection, IRoutedClient client, IActorRef owner, TimeSpan? idle, RouteVisit? visit)
    {
        _visit = visit;
        _connection = connection;
        _client = client;
        _owner = owner;
        _idle = idle;
    }

    /// <summary>As in logs and <c>actors443 conns</c>.</summary>
    public string Id => _connection.Id;

    /// <summary>The client's address.</summary>
    public IPEndPoint Remote => _connection.Remote;

    /// <summary>The address it came to.</summary>
    public IPEndPoint Local => _connection.Local;

    /// <summary>The server name it asked for (SNI) in lower case; null: none.</summary>
    public string? ServerName => _connection.ServerName;

    /// <summary>What was agreed upon (ALPN).</summary>
    public string ApplicationProtocol => _connection.ApplicationProtocol.ToString();

    /// <summary>The client's certificate, verified; null: none.</summary>
    public X509Certificate2? ClientCertificate => _connection.ClientCertificate;

    /// <summary>The actor that owns the connection. Tell it <see cref="Connections.Drain"/> or <see cref="Connections.Close"/>.</summary>
    public IActorRef Actor => _connection.Actor;

    internal IActorRef Owner => Volatile.Read(ref _owner);

    internal CloseReason Reason => _connection.Reason;

    string? ICarriedProtocol.Route => null;

    string? ICarriedProtocol.Upstream => null;

    TimeSpan? ICarriedProtocol.Idle => _idle;

    TimeSpan? ICarriedProtocol.Age => null;

    /// <summary>Asks for more of what the client says: so many <see cref="BytesReceived"/>, as it comes.</summary>
    /// <param name="count">1 or more; adds to what is asked for already.</param>
    public void Read(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Interlocked.Add(ref _credits, count);
        _asked.Set();
    }

    /// <summary>Says something to the client, after all that was said before. What is said after the end is dropped.</summary>
    /// <param name="bytes">Not to be changed until it is on its way.</param>
    /// <param name="acknowledgement">Comes back by <see cref="BytesWritten"/> once it is on its way; null: nothing comes back.</param>
    public void Write(ReadOnlyMemory<byte> bytes, object? acknowledgement = null)
    {
        _visit?.Heard();
        Add(new Written(bytes, acknowledgement, false));
    }

    /// <summary>Everything is said; the client may still speak.</summary>
    public void EndOutput() => Add(new Written(default, null, true));

    /// <summary>Ends it in order: what was written still arrives.</summary>
    public void Close()
    {
        _connection.SetOrderlyReason(CloseReason.ServerClosed);
        Finish();
    }

    /// <summary>Ends it now, by a reset.</summary>
    /// <param name="detail">Told in the obituary; null: nothing to add.</param>
    public void Abort(string? detail = null) => _connection.Abort(CloseReason.AbortedByApplication, detail);

    /// <summary>The conversation is another actor's from now on: it is told what comes, and if it ends, so does the connection.</summary>
    public void HandTo(IActorRef owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        Volatile.Write(ref _owner, owner);
        Volatile.Read(ref _guard).Tell(new HandConversation(owner), ActorRefs.NoSender);
    }

    void ICarriedProtocol.Push(Push push)
    {
        if (Volatile.Read(ref _unwritten) < MostWaiting)
            Write(push.Data);
    }

    void ICarriedProtocol.Drain() => Owner.Tell(new ProtocolDraining(this), Actor);

    void ICarriedProtocol.Stop()
    {
        if (!_closing)
        {
            Finish();
            return;
        }

        // It does not take its last words.
        _client.Output.CancelPendingFlush();
        _over.TrySetResult();
    }

    void ICarriedProtocol.Break()
    {
        _isOver = true;
        _asked.Set();
        _client.Input.CancelPendingRead();
        _client.Output.CancelPendingFlush();
        _over.TrySetResult();
    }

    /// <summary>By the actor that watches over it, as it starts.</summary>
    internal void Guarded(IActorRef guard) => Volatile.Write(ref _guard, guard);

    /// <summary>By that actor: the other has ended without ending this.</summary>
    internal void Abandoned()
    {
        _visit?.Failed("stopped", null);
        _connection.Abort(CloseReason.ActorFailed, "the actor of its protocol has ended");
    }

    /// <summary>The actor has thrown at what it was told of this. It lives on, unless it is stopped.</summary>
    internal void OwnerFailed(Exception cause)
    {
        if (_visit?.Failed("failed", cause) is RouteFailure.StopStream or RouteFailure.CloseConnection)
            _connection.Abort(CloseReason.RouteFailed, cause.Message);
    }

    /// <summary>Until it is over. The connection then has its reason.</summary>
    internal async Task RunAsync()
    {
        Task reading = ReadAllAsync();
        await _over.Task;
        _isOver = true;
        _asked.Set();
        _client.Input.CancelPendingRead();
        await reading;
        _connection.SetReason(CloseReason.ClientReset);
    }

    private void Finish()
    {
        _closing = true;
        _asked.Set();
        _client.Input.CancelPendingRead();
        EndOutput();
    }

    private async Task ReadAllAsync()
    {
        try
        {
            while (await IsAskedAsync())
            {
                ReadResult read = await _client.Input.ReadAsync(CancellationToken.None);
                if (_isOver || _closing || read.Buffer.IsEmpty)
                {
                    _client.Input.AdvanceTo(read.Buffer.Start);
                    if (!read.IsCompleted || _isOver || _closing)
                        continue;
                    Owner.Tell(new InputEnded(this), Actor);
                    break;
                }

                byte[] piece = new byte[Math.Min(read.Buffer.Length, LongestPiece)];
                System.Buffers.BuffersExtensions.CopyTo(read.Buffer.Slice(0, piece.Length), piece);
                _client.Input.AdvanceTo(read.Buffer.GetPosition(piece.Length));
                Interlocked.Decrement(ref _credits);
                Owner.Tell(new BytesReceived(this, piece), Actor);
            }
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut off: nobody is told of more.
            _over.TrySetResult();
        }

        _inputEnded = true;
        EndIfOver(CloseReason.ClientClosed);
    }

    private async ValueTask<bool> IsAskedAsync()
    {
        while (Volatile.Read(ref _credits) == 0 && !_isOver && !_closing)
            await _asked.WaitAsync();
        return !_isOver && !_closing;
    }

    private void Add(in Written written)
    {
        _writes.Enqueue(written);
        if (Interlocked.Increment(ref _unwritten) == 1)
            _ = WriteAllAsync();
    }

    private async Task WriteAllAsync()
    {
        try
        {
            do
            {
                _writes.TryDequeue(out Written next);
                await WriteAsync(next);
            }
            while (Interlocked.Decrement(ref _unwritten) > 0);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Nobody takes it any more, and nothing is written after this.
            _connection.Abort(CloseReason.ClientReset);
            _over.TrySetResult();
        }
    }

    private async ValueTask WriteAsync(Written next)
    {
        if (_outputEnded || _isOver)
            return;
        if (next.IsEnd)
        {
            _outputEnded = true;
            await _client.EndOutputAsync();
            EndIfOver(CloseReason.ServerClosed);
            return;
        }

        FlushResult flush = await _client.Output.WriteAsync(next.Bytes, CancellationToken.None);
        if (flush.IsCompleted)
            _over.TrySetResult();
        else if (next.Acknowledgement is { } acknowledgement && !_isOver)
            Owner.Tell(new BytesWritten(this, acknowledgement), Actor);
    }

    private void EndIfOver(CloseReason reason)
    {
        if (!_inputEnded || !_outputEnded)
            return;
        _connection.SetOrderlyReason(reason);
        _over.TrySetResult();
    }

    private readonly record struct Written(ReadOnlyMemory<byte> Bytes, object? Acknowledgement, bool IsEnd);
}
