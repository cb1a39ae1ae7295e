using System.Text;
using System.Text.Json;
using Actors443.Sessions;
using Actors443.WebSockets;
using Akka.Actor;

namespace Actors443.Samples.IotGateway;

/// <summary>
/// Somebody who looks at devices: says which, and is told how it is. It lives with the session, on the node where that began, and so counts on when its client comes back by another connection, or another node.
/// </summary>
internal sealed class Watch : ReceiveActor
{
    // A device whose node has died is started elsewhere by then.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(20);

    private int _looks;

    /// <param name="devices">The region of devices.</param>
    public Watch(IActorRef devices)
    {
        Address self = Akka.Cluster.Cluster.Get(Context.System).SelfAddress;
        Receive<SessionAttached>(_ => { });
        Receive<SessionDetached>(_ => { });
        Receive<WebSocketReceived>(said =>
        {
            string device = Encoding.UTF8.GetString(said.Data.Span);
            devices.Ask<DeviceState>(new Look(device), AnswerWithin).PipeTo(Self, failure: _ => new Refused(device, 503, "It cannot be reached now; look again."));
            Sender.Tell(WebSocketAck.Instance);
        });
        Receive<IDeviceMessage>(answer => Context.Parent.Tell(WebSocketSend.Text(
            JsonSerializer.Serialize(new { Look = ++_looks, answer.Device, State = answer as DeviceState, (answer as Refused)?.Problem, Node = $"{self.Host}:{self.Port}" }, JsonSerializerOptions.Web))));
    }
}
