using System.Diagnostics;
using System.Runtime.CompilerServices;
using Akka.Actor;

namespace Actors443.Telemetry;

/// <summary>
/// The trace (W3C Trace Context) that a message belongs to. Akka passes a message on as the object that it is, through mailboxes, routers, shard regions and stashes, so that its trace is kept beside
/// the object and no actor need know of it; to another node it goes by <see cref="TracingSerializer"/>. An instance that belongs to two traces, such as a constant, belongs to none.
/// Thread-safe; costs a field read while nobody listens to <see cref="Actors443Meter.Name"/>.
/// </summary>
public static class MessageTrace
{
    private static readonly ConditionalWeakTable<object, Carried> Traces = [];

    /// <summary>The message goes on in the trace that is current: <c>other.Tell(MessageTrace.Carry(new Reserve(7)))</c>.</summary>
    /// <param name="message">An object of its own for each telling.</param>
    /// <returns>The same.</returns>
    public static T Carry<T>(T message)
        where T : class
    {
        if (Spans.Current is { } now)
            Attach(message, now.Context);
        return message;
    }

    /// <summary>Where the message comes from; default: it is not traced.</summary>
    public static ActivityContext Of(object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Spans.Source.HasListeners() && Traces.TryGetValue(message, out Carried? carried) ? carried.Context : default;
    }

    /// <summary>
    /// Begins a span for what an actor does about a message, as a child of where that comes from; null: it is not traced. Dispose of it when that is done. <c>RequestActor</c> and
    /// <c>ReceiveRequestActor</c> do so by themselves until their handler returns; one that awaits begins another for the rest.
    /// </summary>
    /// <param name="message">As received.</param>
    /// <param name="name">What is done.</param>
    public static Activity? Continue(object message, string name) =>
        Of(message) is { TraceId: var trace } from && trace != default
            ? Spans.Source.StartActivity(name, from.IsRemote ? ActivityKind.Server : ActivityKind.Internal, from)
            : null;

    internal static void Attach(object message, ActivityContext context)
    {
        Carried carried = Traces.GetValue(message, static _ => new Carried());
        carried.Add(context);
    }

    internal static Activity? Received(object message, IActorRef actor)
    {
        if (!Spans.Source.HasListeners())
            return null;
        Activity? span = Continue(message, "receive " + message.GetType().Name);
        if (span is { IsAllDataRequested: true })
            span.SetTag(ActorTag, actor.Path.ToString());
        return span;
    }

    /// <summary>On spans of asks and receives: the actor's path.</summary>
    internal const string ActorTag = "actors443.actor";

    private sealed class Carried
    {
        private readonly Lock _change = new();
        private ActivityContext _context;
        private bool _isShared;

        public ActivityContext Context
        {
            get
            {
                lock (_change)
                    return _isShared ? default : _context;
            }
        }

        public void Add(ActivityContext context)
        {
            lock (_change)
            {
                _isShared |= _context.TraceId != default && _context.TraceId != context.TraceId;
                _context = context;
            }
        }
    }
}
