using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// The mailbox of actors that live on an event loop: it remembers the loop it was created on, where <see cref="LoopExecutor"/> runs it. One message
/// waits in place; a queue exists only while several do, and one for other threads only once another thread has written.
/// </summary>
public sealed class LoopMailbox : MailboxType, IProducesMessageQueue<LoopMailbox.MessageQueue>
{
    /// <summary>Called by Akka by reflection.</summary>
    public LoopMailbox(Settings settings, Config config)
        : base(settings, config)
    {
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">This thread is no loop and makes no actors for one.</exception>
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new MessageQueue(
        EventLoop.Owner ?? throw new InvalidOperationException($"{owner?.Path} is to live on an event loop, but was not created on one."));

    /// <summary>Any thread writes; the loop reads.</summary>
    public sealed class MessageQueue : IMessageQueue, IUnboundedMessageQueueSemantics
    {
        private Envelope _first;
        private Queue<Envelope>? _local;
        private ConcurrentQueue<Envelope>? _foreign;
        private bool _hasFirst;

        internal MessageQueue(EventLoop loop)
        {
            Loop = loop;
        }

        /// <inheritdoc/>
        public bool HasMessages => _hasFirst || _local is { Count: > 0 } || Volatile.Read(ref _foreign) is { IsEmpty: false };

        /// <inheritdoc/>
        public int Count => (_hasFirst ? 1 : 0) + (_local?.Count ?? 0) + (Volatile.Read(ref _foreign)?.Count ?? 0);

        internal EventLoop Loop { get; }

        /// <inheritdoc/>
        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            if (!Loop.IsCurrent)
            {
                Foreign().Enqueue(envelope);
            }
            else if (!_hasFirst && _local is not { Count: > 0 })
            {
                _first = envelope;
                _hasFirst = true;
            }
            else
            {
                (_local ??= new Queue<Envelope>(4)).Enqueue(envelope);
            }
        }

        /// <inheritdoc/>
        public bool TryDequeue(out Envelope envelope)
        {
            if (_hasFirst)
            {
                envelope = _first;
                _first = default;
                _hasFirst = false;
                return true;
            }

            if (_local is not null && _local.TryDequeue(out envelope))
            {
                // A burst is over: the queue is not kept for the next.
                if (_local.Count == 0)
                    _local = null;
                return true;
            }

            if (Volatile.Read(ref _foreign) is { } foreign)
                return foreign.TryDequeue(out envelope);
            envelope = default;
            return false;
        }

        /// <inheritdoc/>
        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            ArgumentNullException.ThrowIfNull(deadletters);
            while (TryDequeue(out Envelope envelope))
                deadletters.Enqueue(owner, envelope);
        }

        private ConcurrentQueue<Envelope> Foreign()
        {
            if (Volatile.Read(ref _foreign) is { } queue)
                return queue;
            var made = new ConcurrentQueue<Envelope>();
            return Interlocked.CompareExchange(ref _foreign, made, null) ?? made;
        }
    }
}
