using Akka.Actor;

namespace Actors443.Routing.Conversations;

/// <summary>
/// Watches over one conversation, as a child of its connection's actor: tells whoever speaks the protocol of its beginning and its end, and ends the connection if that actor ends before it.
/// </summary>
internal sealed class ConversationActor(ProtocolConnection conversation) : ActorBase
{
    private IActorRef _watched = ActorRefs.Nobody;

    public static Props Props(ProtocolConnection conversation) => Akka.Actor.Props.CreateBy(new Producer(conversation)).WithDeploy(Deploy.Local);

    protected override void PreStart()
    {
        conversation.Guarded(Self);
        Watch(conversation.Owner);
        conversation.Owner.Tell(new ProtocolOpened(conversation), Context.Parent);
    }

    protected override void PostStop() => conversation.Owner.Tell(new ProtocolClosed(conversation, conversation.Reason), ActorRefs.NoSender);

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case HandConversation hand:
                Watch(hand.To);
                return true;
            case Terminated ended when ended.ActorRef.Equals(_watched):
                conversation.Abandoned();
                return true;
            case Terminated:
                return true;
            default:
                return false;
        }
    }

    private void Watch(IActorRef owner)
    {
        if (!_watched.IsNobody())
            Context.Unwatch(_watched);
        _watched = owner;
        Context.Watch(owner);
    }

    private sealed class Producer(ProtocolConnection conversation) : IIndirectActorProducer
    {
        public Type ActorType => typeof(ConversationActor);

        public ActorBase Produce() => new ConversationActor(conversation);

        public void Release(ActorBase actor)
        {
        }
    }
}
