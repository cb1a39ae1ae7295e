using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>Sessions that are dropped all at once and come back all at once.</summary>
internal sealed class StormClients(StormGroup settings, GroupPlace place) : ClientGroup(settings, place, LoadProtocol.Http1)
{
    public override TimeSpan Ramp => settings.Ramp;

    protected override ClientProtocol CreateProtocol(IActorRef owner) => new SilentProtocol(ActorRefs.Nobody);

    protected override ActorBase CreateActor(int number) => new StormSessionActor(this, settings, number);

    private sealed class StormSessionActor(ClientGroup group, StormGroup settings, int number) : ClientSessionActor(group, number)
    {
        private readonly IActorRef _supervisor = Context.Parent;

        protected override void Opened() => _supervisor.Tell(SessionBack.Instance, ActorRefs.NoSender);

        protected override void Ended(bool failed) => Pause();

        protected override void Resumed() => Open(settings.Resume);

        protected override bool Told(object message)
        {
            if (message is not Drop)
                return false;
            if (settings.Reset)
                Reset();
            else
                Close();
            Open(settings.Resume);
            return true;
        }
    }
}
