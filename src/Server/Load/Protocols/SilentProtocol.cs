using Akka.Actor;

namespace Actors443.Server.Load.Protocols;

/// <summary>Says nothing; whatever comes is dropped. The owner is told <see cref="Sessions.Answered"/> when a session to resume has come.</summary>
internal sealed class SilentProtocol(IActorRef owner) : ClientProtocol
{
    public override string Waiting => "idle";

    public override long OldestRequest => long.MaxValue;

    public override void Opened()
    {
        // Nothing to say.
    }

    public override void Received(ReadOnlySpan<byte> bytes)
    {
        // Nothing was asked.
    }

    public override void SessionKept() => owner.Tell(Sessions.Answered.Instance, ActorRefs.NoSender);

    public override bool CloseIsFailure() => false;
}
