using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>WebSockets that echo, or that only listen.</summary>
internal sealed class WebSocketClients : ClientGroup
{
    private readonly WebSocketGroup _settings;
    private readonly long _interval;
    private readonly byte[] _request;
    private readonly string _accept;

    public WebSocketClients(WebSocketGroup settings, GroupPlace place)
        : base(settings, place, LoadProtocol.Http1)
    {
        _settings = settings;
        _interval = settings.Rate is { } rate ? (long)(ClientLoop.ToTicks(TimeSpan.FromSeconds(1)) / rate) : 0;
        string key = Convert.ToBase64String(Guid.NewGuid().ToByteArray());
        _accept = WebSocketProtocol.Accept(key);
        string path = settings.Request.Paths.Count > 0 ? settings.Request.Paths[0] : Address.PathAndQuery;
        _request = RequestTemplate.Of(
            "GET",
            path,
            [new("Connection", "Upgrade"), new("Upgrade", "websocket"), new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Key", key), .. settings.Request.Headers],
            Address,
            default).Http1;
    }

    public override TimeSpan Ramp => _settings.Ramp;

    protected override ClientProtocol CreateProtocol(IActorRef owner) => new WebSocketProtocol(_settings, _request, _accept, Recorder);

    protected override ActorBase CreateActor(int number) => new WebSocketSessionActor(this, number);

    /// <summary>With a rate, messages are due at even distances whatever the server does.</summary>
    private sealed class WebSocketSessionActor(WebSocketClients group, int number) : ClientSessionActor(group, number)
    {
        private long _next;

        protected override void Opened()
        {
            if (group._interval == 0 || group._settings.Push)
                return;
            _next = ClientLoop.Timestamp + Random.Shared.NextInt64(group._interval);
            Connection.WakeAt(_next);
        }

        protected override void WokenUp()
        {
            if (!IsOpen)
                return;
            ((WebSocketProtocol)Connection.Protocol).Want(_next);
            _next += group._interval;
            Connection.WakeAt(_next);
        }
    }
}
