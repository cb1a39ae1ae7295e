using Akka.Actor;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Actors443.Remoting.Associations;

/// <summary>An association as Akka holds it. Thread-safe.</summary>
internal sealed class OwnHandle(Address local, Address remote, Association association) : AssociationHandle(local, remote)
{
    public override bool Write(ByteString payload) => association.TryWrite(payload);

#pragma warning disable CS0672 // Akka calls it by way of the one that logs the reason.
    public override void Disassociate() => association.Disassociate();
#pragma warning restore CS0672
}
