using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>Sessions held open, with a heartbeat now and then. One that is lost is counted and comes back.</summary>
internal sealed class HoldClients(HoldGroup settings, GroupPlace place) : ClientGroup(settings, place, settings.Protocol)
{
    private readonly RequestTemplate[] _templates = RequestTemplate.From(settings.Request, place.Target.Address);
    private readonly long _heartbeat = settings.Heartbeat is { } heartbeat ? ClientLoop.ToTicks(heartbeat) : 0;

    public override TimeSpan Ramp => settings.Ramp;

    protected override ClientProtocol CreateProtocol(IActorRef owner) => Http(settings.Protocol, new CommandedRequests(_templates, Recorder, owner), streams: 1);

    protected override ActorBase CreateActor(int number) => new HoldSessionActor(this, number);

    private sealed class HoldSessionActor(HoldClients group, int number) : ClientSessionActor(group, number)
    {
        // The first heartbeat at a random moment, so that not all beat at once.
        protected override void Opened()
        {
            if (group._heartbeat > 0)
                Connection.WakeAt(ClientLoop.Timestamp + Random.Shared.NextInt64(group._heartbeat) + 1);
        }

        protected override void WokenUp()
        {
            if (!IsOpen)
                return;
            var protocol = (HttpClientProtocol)Connection.Protocol;
            ((CommandedRequests)protocol.Source).Want(ClientLoop.Timestamp);
            protocol.AskForWork();
            Connection.WakeAt(ClientLoop.Timestamp + group._heartbeat);
        }

        protected override bool Told(object message) => message is Answered;
    }
}
