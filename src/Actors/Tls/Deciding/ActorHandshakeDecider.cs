using Akka.Actor;
using Akka.Event;
using Akka.Hosting;

namespace Actors443.Tls.Deciding;

/// <summary>To the actor named with <see cref="Hosting.Actors443Options.DecideHandshakesBy{TActor}"/>: decide, now or later, by <see cref="HandshakeReply.Accept"/> or
/// <see cref="HandshakeReply.Refuse(string?)"/>. Only within the process.</summary>
/// <param name="Hello">Who asks for what.</param>
/// <param name="Reply">Where the answer goes.</param>
public sealed record DecideHandshake(HandshakeHello Hello, HandshakeReply Reply) : IDeadLetterSuppression, INoSerializationVerificationNeeded;

/// <summary>Lets the actor registered under a key decide. Without it nobody comes in.</summary>
internal sealed class ActorHandshakeDecider<TActor>(IReadOnlyActorRegistry registry) : IHandshakeDecider
{
    public HandshakeReply Decide(HandshakeHello hello)
    {
        if (!registry.TryGet<TActor>(out IActorRef actor))
            return HandshakeReply.Refused($"no actor is registered as {typeof(TActor).Name}");
#pragma warning disable CS0618 // To watch it would be better, but who asks here is no actor. Without this, each handshake would wait for its deadline.
        if (actor is IInternalActorRef { IsTerminated: true })
            return HandshakeReply.Refused($"the actor {typeof(TActor).Name} has ended");
#pragma warning restore CS0618
        var reply = new HandshakeReply();
        actor.Tell(new DecideHandshake(hello, reply), ActorRefs.NoSender);
        return reply;
    }

    HandshakeReply? IHandshakeDecider.Decide(HandshakeHello hello) => Decide(hello);
}
