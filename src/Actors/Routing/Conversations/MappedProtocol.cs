using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Requests;
using Akka.Actor;
using Akka.Hosting;

namespace Actors443.Routing.Conversations;

/// <summary>A protocol that an actor of the application speaks.</summary>
/// <param name="Name">In ALPN.</param>
/// <param name="Actor">For people: the key it is registered under.</param>
/// <param name="Find">The actor; null: none is registered.</param>
/// <param name="Idle">After so long without a byte a connection is ended; null: never.</param>
internal sealed record MappedProtocol(string Name, string Actor, Func<IReadOnlyActorRegistry, IActorRef?> Find, TimeSpan? Idle)
{
    /// <summary>What happens when the actor fails; null: as the settings say.</summary>
    public RouteSupervisionSettings? Supervision { get; init; }

    /// <summary>Until the conversation is over. The connection then has its reason.</summary>
    public async Task ServeAsync(EngineConnection connection, IRoutedClient client, IReadOnlyActorRegistry registry, RouteGuard? guard)
    {
        RouteEntry entry = default;
        if (guard is not null && guard.TryEnter(0, out entry) is not RouteRefusal.None and var refusal)
        {
            connection.SetReason(CloseReason.RouteQuarantined, RouteAnswers.OutcomeOf(refusal));
            return;
        }

        RouteVisit? visit = guard is null ? null : new RouteVisit(guard, entry);
        try
        {
            await ServeAsync(connection, client, registry, visit);
        }
        finally
        {
            visit?.Leave();
        }
    }

    private async Task ServeAsync(EngineConnection connection, IRoutedClient client, IReadOnlyActorRegistry registry, RouteVisit? visit)
    {
        if (Find(registry) is not { } actor)
        {
            visit?.Failed("dead_letter", null);
            connection.Abort(CloseReason.ActorFailed, $"no actor is registered as {Actor}");
            return;
        }

        var conversation = new ProtocolConnection(connection, client, actor, Idle, visit);
        connection.Carry(conversation);
        if (!await connection.IsOwnedAsync(CancellationToken.None))
            return;
        connection.Actor.Tell(new AdoptChild(ConversationActor.Props(conversation)), ActorRefs.NoSender);
        await conversation.RunAsync();
    }
}
