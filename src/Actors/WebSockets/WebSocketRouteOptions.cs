using Actors443.Configuration;
using Actors443.Requests;

namespace Actors443.WebSockets;

/// <summary>How the WebSockets of a route get on with their actor.</summary>
public sealed class WebSocketRouteOptions
{
    /// <summary>How many messages of a client its actor may have without having said <see cref="WebSocketAck"/>; then no further one is read.</summary>
    public int ReceiveWindow { get; set; } = 1;

    /// <summary>The longest message of a client, in bytes; a longer one closes the socket (1009).</summary>
    public int MaximumMessage { get; set; } = 64 * 1024;

    /// <summary>How many bytes may wait to be sent; more closes the socket (1008), for its client does not read.</summary>
    public int SendBuffer { get; set; } = 1024 * 1024;

    /// <summary>How often a ping is sent.</summary>
    public TimeSpan PingEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the answer to a ping may take before the socket is cut. A pong is read in its turn: an actor that has its window full for so long cuts its socket, too.</summary>
    public TimeSpan PongWithin { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take to answer a close.</summary>
    public TimeSpan CloseWithin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pages whose scripts may open a socket here, such as <c>https://app.example.com</c>, besides those of this host. <c>*</c>: all.</summary>
    public IReadOnlyList<string> Origins { get; set; } = [];

    /// <summary>The subprotocols that are spoken here, best first; the first that the client offers as well is chosen. Empty: none.</summary>
    public IReadOnlyList<string> Subprotocols { get; set; } = [];

    /// <summary>What happens when the actor fails. Null: <c>requests.routes</c> for this pattern, else <c>requests.supervision</c>. Of its budgets only <c>at-once</c> counts here.</summary>
    public RouteSupervisionSettings? Supervision { get; set; }

    internal void Check(string pattern)
    {
        RouteSupervisionCheck.Check(pattern, Supervision);
        Require(ReceiveWindow > 0, pattern, nameof(ReceiveWindow), "1 or more messages");
        Require(MaximumMessage > 0, pattern, nameof(MaximumMessage), "1 or more bytes");
        Require(SendBuffer > 0, pattern, nameof(SendBuffer), "1 or more bytes");
        Require(PingEvery > TimeSpan.Zero, pattern, nameof(PingEvery), "more than nothing");
        Require(PongWithin > TimeSpan.Zero, pattern, nameof(PongWithin), "more than nothing");
        Require(CloseWithin > TimeSpan.Zero, pattern, nameof(CloseWithin), "more than nothing");
    }

    private static void Require(bool holds, string pattern, string name, string what)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, $"{pattern}: {name} is too small; write {what}.");
    }
}
