using System.Diagnostics.CodeAnalysis;
using Actors443.Server.Load.Clients;
using Akka.Actor;

namespace Actors443.Server.Load.Protocols;

/// <summary>One request at a time, when the client says so. One for each client.</summary>
/// <param name="templates">Sent in turn.</param>
/// <param name="recorder">Counts the answers.</param>
/// <param name="owner">Told <see cref="Sessions.Answered"/> of each.</param>
internal sealed class CommandedRequests(RequestTemplate[] templates, LoopRecorder recorder, IActorRef owner) : IRequestSource
{
    private int _next = Random.Shared.Next(templates.Length);
    private long _due;
    private bool _wanted;

    /// <summary>Wants a request: it is sent when the connection next asks for work.</summary>
    /// <param name="due">From when its latency counts, in Stopwatch ticks.</param>
    public void Want(long due)
    {
        _wanted = true;
        _due = due;
    }

    public bool TryNext(HttpClientProtocol asker, [NotNullWhen(true)] out RequestTemplate? request, out long due)
    {
        due = _due;
        request = _wanted ? templates[_next++ % templates.Length] : null;
        _wanted = false;
        return request is not null;
    }

    public void Answered(HttpClientProtocol asker, int status, long due)
    {
        recorder.Answered(status, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - due));
        owner.Tell(Sessions.Answered.Instance, ActorRefs.NoSender);
    }
}
