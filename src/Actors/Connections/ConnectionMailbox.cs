using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Actors443.Connections;

/// <summary>
/// The mailbox of connection actors: empty, it holds nothing but two references, where the default one holds a kilobyte. Many writers, one reader.
/// Named in HOCON as <c>actors443.connection-mailbox</c>.
/// </summary>
public sealed class ConnectionMailbox : MailboxType, IProducesMessageQueue<ConnectionMailbox.MessageQueue>
{
    /// <summary>Called by Akka by reflection.</summary>
    public ConnectionMailbox(Settings settings, Config config)
        : base(settings, config)
    {
    }

    /// <inheritdoc/>
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new MessageQueue();

    /// <summary>Writers push on a stack; the reader takes the whole stack and turns it round.</summary>
    public sealed class MessageQueue : IMessageQueue, IUnboundedMessageQueueSemantics
    {
        private Node? _pushed;
        private Node? _ordered;

        /// <inheritdoc/>
        public bool HasMessages => _ordered is not null || Volatile.Read(ref _pushed) is not null;

        /// <inheritdoc/>
        public int Count => Length(_ordered) + Length(Volatile.Read(ref _pushed));

        /// <inheritdoc/>
        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            var node = new Node(envelope);
            Node? head;
            do
            {
                head = Volatile.Read(ref _pushed);
                node.Next = head;
            }
            while (Interlocked.CompareExchange(ref _pushed, node, head) != head);
        }

        /// <inheritdoc/>
        public bool TryDequeue(out Envelope envelope)
        {
            _ordered ??= Reverse(Interlocked.Exchange(ref _pushed, null));
            if (_ordered is null)
            {
                envelope = default;
                return false;
            }

            envelope = _ordered.Envelope;
            _ordered = _ordered.Next;
            return true;
        }

        /// <inheritdoc/>
        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            ArgumentNullException.ThrowIfNull(deadletters);
            while (TryDequeue(out Envelope envelope))
                deadletters.Enqueue(owner, envelope);
        }

        private static Node? Reverse(Node? stack)
        {
            Node? ordered = null;
            while (stack is not null)
                (stack.Next, ordered, stack) = (ordered, stack, stack.Next);
            return ordered;
        }

        private static int Length(Node? node)
        {
            int length = 0;
            for (; node is not null; node = node.Next)
                length++;
            return length;
        }

        private sealed class Node(Envelope envelope)
        {
            public Envelope Envelope { get; } = envelope;

            public Node? Next { get; set; }
        }
    }
}
