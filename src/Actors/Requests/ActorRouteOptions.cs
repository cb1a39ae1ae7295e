using Actors443.Configuration;

namespace Actors443.Requests;

/// <summary>How the requests of a route get to their actor.</summary>
public sealed class ActorRouteOptions
{
    /// <summary>The methods of the route; empty: all.</summary>
    public IReadOnlyList<string> Methods { get; set; } = [];

    /// <summary>How long the actor may take to begin its answer; then 504. Time in which it waits for the client's body does not count. Null: <c>requests.timeout</c>.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>The longest body that is taken whole, in bytes; a longer one is answered by 413. Null: <c>requests.body</c>.</summary>
    public int? MaximumBody { get; set; }

    /// <summary>The actor asks for the body itself, with <see cref="ReadBody"/>, as fast as it can use it.</summary>
    public bool StreamBody { get; set; }

    /// <summary>How many bytes of a streamed answer may be on their way to the client. Null: <c>requests.reply-window</c>.</summary>
    public int? ReplyWindow { get; set; }

    /// <summary>What happens when the actor fails. Null: <c>requests.routes</c> for this pattern, else <c>requests.supervision</c>.</summary>
    public RouteSupervisionSettings? Supervision { get; set; }

    /// <summary>What to tell instead of the bare request: for a shard region, the envelope its message extractor understands.</summary>
    public Func<ActorRequest, object>? Envelope { get; set; }

    /// <summary>What an answer that is no <see cref="ActorReply"/> is as one: for actors on other nodes, which answer with messages of their own. Null from it: it is no answer. Null: there are none such.</summary>
    public Func<object, ActorReply?>? Reply { get; set; }
}
