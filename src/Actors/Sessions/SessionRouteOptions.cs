using Actors443.WebSockets;
using Microsoft.AspNetCore.Http;

namespace Actors443.Sessions;

/// <summary>By what a client says which session is its own.</summary>
public enum SessionBy
{
    /// <summary>A cookie that the server sets: an id of 256 random bits.</summary>
    Cookie,

    /// <summary>The token of <c>Authorization: Bearer</c>. The application must have authenticated it: without a user there is no session (401).</summary>
    Bearer,

    /// <summary>Its certificate, verified in the handshake: without one there is no session (401).</summary>
    ClientCertificate,
}

/// <summary>How the sessions of a route are known, and how long they live.</summary>
public sealed class SessionRouteOptions
{
    /// <summary>By what a client says which session is its own.</summary>
    public SessionBy By { get; set; } = SessionBy.Cookie;

    /// <summary>Name of the cookie. With <c>__Host-</c>, by which browsers take it from this very host only, over TLS (RFC 6265bis 4.1.3).</summary>
    public string CookieName { get; set; } = "__Host-session";

    /// <summary>Whether pages of other sites bring the cookie along.</summary>
    public SameSiteMode SameSite { get; set; } = SameSiteMode.Strict;

    /// <summary>How long a session without a connection lives, and keeps what its client has not confirmed.</summary>
    public TimeSpan Idle { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How many bytes of unconfirmed messages a session keeps; beyond that the oldest are lost, which its client is told when it comes back.</summary>
    public int Buffer { get; set; } = 256 * 1024;

    /// <summary>How many sessions there may be on this node; a further one is refused (1013). With <see cref="Buffer"/> this bounds their memory.</summary>
    public int MaximumSessions { get; set; } = 10_000;

    /// <summary>
    /// In a clustered actor system: the name of a shard region that has the sessions of this route, so that a client finds its session from every node. The region is started when
    /// the application has started, on each node that has the route, and they are all nodes of the role <c>actors443</c>, or, if this node has not that role, all nodes. Null: each
    /// node has sessions of its own.
    /// </summary>
    public string? Region { get; set; }

    /// <summary>How its WebSockets get on.</summary>
    public WebSocketRouteOptions WebSockets { get; } = new();

    internal SessionPlaces Places { get; } = new();

    internal void Check(string pattern)
    {
        Require(CookieName.StartsWith("__Host-", StringComparison.Ordinal) && CookieName.Length > 7 && CookieName.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'), nameof(CookieName), "__Host- and a name of letters, digits, '-', '_' and '.'");
        Require(Idle > TimeSpan.Zero, nameof(Idle), "more than nothing");
        Require(Buffer > 0, nameof(Buffer), "1 or more bytes");
        Require(MaximumSessions > 0, nameof(MaximumSessions), "1 or more sessions");
        Require(Region is null || (Region.Length > 0 && Region.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')), nameof(Region), "a name of letters, digits, '-' and '_'");

        void Require(bool holds, string name, string what)
        {
            if (!holds)
                throw new ArgumentOutOfRangeException(name, $"{pattern}: {name} cannot be that; write {what}.");
        }
    }
}
