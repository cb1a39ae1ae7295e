using System.Net;
using Actors443.Configuration;
using Actors443.Engine;

namespace Actors443.Listening;

/// <summary>To the listener supervisor: bind everything and serve <paramref name="Application"/>. Answers <see cref="ListenersBound"/> or <see cref="ListenersFailed"/>.</summary>
internal sealed record BindListeners(ServedApplication Application);

internal sealed record ListenersBound(IReadOnlyList<BoundListenerInfo> Listeners);

/// <param name="Problem">Names the address, the cause and the fix.</param>
internal sealed record ListenersFailed(string Problem, Exception Cause);

/// <summary>A listener as it came out.</summary>
/// <param name="Name">Its actor.</param>
/// <param name="Tls">Https, or the redirect to it.</param>
/// <param name="EndPoints">What is really bound.</param>
/// <param name="FallbackProblem">Why the fall-back addresses were taken; null: they were not.</param>
public sealed record BoundListenerInfo(string Name, bool Tls, IReadOnlyList<IPEndPoint> EndPoints, string? FallbackProblem)
{
    /// <summary>UDP addresses on which HTTP/3 answers.</summary>
    public IReadOnlyList<IPEndPoint> QuicEndPoints { get; init; } = [];
}

/// <summary>From a listener to its part for HTTP/3: bind UDP at these addresses. Answers <see cref="QuicBound"/> or, if it is demanded and cannot be, <see cref="BindFailed"/>.</summary>
internal sealed record BindQuic(IReadOnlyList<IPEndPoint> EndPoints);

/// <param name="EndPoints">Empty: it could not be.</param>
internal sealed record QuicBound(IReadOnlyList<IPEndPoint> EndPoints);

/// <summary>To a listener or their supervisor: stop accepting; answers <see cref="Unbound"/>.</summary>
internal sealed record Unbind
{
    public static Unbind Instance { get; } = new();
}

internal sealed record Unbound
{
    public static Unbound Instance { get; } = new();
}

/// <summary>To a listener or their supervisor: drain every connection; answers <see cref="Connections.AllDrained"/>.</summary>
/// <param name="Deadline">Connections still open after it are aborted.</param>
/// <param name="Held">They are told step by step, by <see cref="Connections.Draining.LetGo"/>.</param>
internal sealed record DrainListeners(TimeSpan Deadline, bool Held = false);

/// <summary>To a listener or their supervisor: free everything; answers <see cref="Released"/>.</summary>
internal sealed record Release
{
    public static Release Instance { get; } = new();
}

internal sealed record Released
{
    public static Released Instance { get; } = new();
}

/// <summary>From the engine to its listener: accepting has ended by itself.</summary>
internal sealed record AcceptingFailed(Exception Cause);

/// <summary>A listener's own: a bind came back.</summary>
internal sealed record BindCompleted(IEngineListener Listener, string? FallbackProblem);

internal sealed record BindFailed(Exception Cause);

internal sealed record TryBindAgain
{
    public static TryBindAgain Instance { get; } = new();
}

/// <summary>What one listener is to do.</summary>
/// <param name="Name">Of its actor.</param>
/// <param name="Tls">Https, or the redirect to it.</param>
/// <param name="EndPoints">Addresses wanted.</param>
/// <param name="Fallback">Taken if the right to bind is missing; empty: none.</param>
/// <param name="Backlog">See <see cref="HttpsSettings.Backlog"/>.</param>
internal sealed record ListenerPlan(string Name, bool Tls, IReadOnlyList<IPEndPoint> EndPoints, IReadOnlyList<IPEndPoint> Fallback, int Backlog);
