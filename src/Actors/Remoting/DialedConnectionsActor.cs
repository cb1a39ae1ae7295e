using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Identities;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Akka.Actor;

namespace Actors443.Remoting;

/// <summary>Connections that this node has made to others, for whoever asks for all or ends some: as a listener's are (<see cref="Listener"/>), though no actor owns each.</summary>
internal sealed class DialedConnectionsActor(RemotingDoor door) : UntypedActor
{
    /// <summary>In the place of the name of a listener.</summary>
    public const string Listener = "outbound";

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ListConnections:
                Sender.Tell(new ConnectionList([.. All().Select(each => each.Snapshot())]), Self);
                break;
            case FindConnections find:
                Sender.Tell(FoundConnections.Among([.. All().Select(each => each.Snapshot())], find), Self);
                break;
            case TellConnections tell:
                Sender.Tell(All().Where(each => tell.Filter.Reaches(each.Snapshot(), isPeer: true)).ToArray().Count(each => Tell(each, tell.Message)), Self);
                break;
            case TellConnection tell:
                Sender.Tell(All().FirstOrDefault(each => each.Id == tell.Id) is { } found && Tell(found, tell.Message), Self);
                break;
            case CutIdentities:
                // The transport has heard of it as well, and cuts its own.
                Sender.Tell(0, Self);
                break;
            case CutRevoked:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private IEnumerable<DialedAssociation> All() => door.Systems.SelectMany(system => system.Dialed);

    private bool Tell(DialedAssociation association, object message)
    {
        switch (message)
        {
            case Close or Drain:
                association.Association.End(ControlKind.Goodbye, "the connection is closed");
                return true;
            case GetConnection:
                Sender.Tell(association.Snapshot(), Self);
                return true;
            default:
                return false;
        }
    }
}
