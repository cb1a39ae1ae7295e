using System.Text;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>CONNECT tunnels with bytes going there and back.</summary>
internal sealed class TunnelClients(TunnelGroup settings, GroupPlace place) : ClientGroup(settings, place, LoadProtocol.Http1)
{
    private readonly byte[] _request = Encoding.Latin1.GetBytes(
        $"CONNECT {settings.To} HTTP/1.1\r\nHost: {settings.To}\r\n{(settings.Authorization is { } value ? $"Proxy-Authorization: {value}\r\n" : "")}\r\n");

    protected override ClientProtocol CreateProtocol(IActorRef owner) => new TunnelProtocol(_request, settings.Size, Recorder);

    protected override ActorBase CreateActor(int number) => new TunnelSessionActor(this, number);

    private sealed class TunnelSessionActor(ClientGroup group, int number) : ClientSessionActor(group, number);
}
