using System.Globalization;
using System.Text;
using Akka.Actor;

namespace Actors443.Requests;

/// <summary>To the actor of <c>MapActorEvents</c>: a client listens. Tell its sender <see cref="ServerSentEvent"/>s, a window (<see cref="ActorRouteOptions.ReplyWindow"/>) at once and then as far as <see cref="ReplyCredit"/> goes, and <see cref="ReplyEnd"/>.</summary>
/// <param name="Request">What the client came with.</param>
/// <param name="LastEventId">The id of the last event it has seen, if it comes back; null: it is new.</param>
public sealed record EventsOpened(ActorRequest Request, string? LastEventId) : INoSerializationVerificationNeeded;

/// <summary>An event for a listening client (Server-Sent Events, WHATWG HTML 9.2). One instance may be told to any number of clients.</summary>
public sealed record ServerSentEvent : INoSerializationVerificationNeeded
{
    private byte[]? _encoded;

    /// <param name="data">What is told; may have several lines.</param>
    /// <param name="name">What the page listens for; null: <c>message</c>.</param>
    /// <param name="id">What a client that comes back names as the last it has seen; null: none.</param>
    /// <exception cref="ArgumentException">Name or id have more than one line.</exception>
    public ServerSentEvent(string data, string? name = null, string? id = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        Data = data;
        Name = OneLine(name, nameof(name));
        Id = OneLine(id, nameof(id));
    }

    /// <summary>What is told.</summary>
    public string Data { get; }

    /// <summary>What the page listens for; null: <c>message</c>.</summary>
    public string? Name { get; }

    /// <summary>What a client that comes back names as the last it has seen; null: none.</summary>
    public string? Id { get; }

    /// <summary>How long a client is to wait before it comes back; null: nothing is said.</summary>
    public TimeSpan? Retry { get; init; }

    /// <summary>How many bytes of credit it takes.</summary>
    public int Size => Encode().Length;

    internal byte[] Encode()
    {
        if (_encoded is { } done)
            return done;
        var text = new StringBuilder();
        if (Name is not null)
            text.Append("event: ").Append(Name).Append('\n');
        if (Id is not null)
            text.Append("id: ").Append(Id).Append('\n');
        if (Retry is { } retry)
            text.Append("retry: ").Append(((long)retry.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)).Append('\n');
        foreach (string line in Data.ReplaceLineEndings("\n").Split('\n'))
            text.Append("data: ").Append(line).Append('\n');
        return _encoded = Encoding.UTF8.GetBytes(text.Append('\n').ToString());
    }

    private static string? OneLine(string? text, string name) =>
        text?.AsSpan().IndexOfAny("\r\n\0") >= 0 ? throw new ArgumentException($"'{name}' has more than one line.", name) : text;
}
