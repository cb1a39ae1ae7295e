using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>Clients that ask again and again, by themselves or at a rate.</summary>
internal sealed class SteadyClients : ClientGroup
{
    private readonly SteadyGroup _settings;
    private readonly ClosedRequests? _closed;
    private readonly OpenRequests? _open;

    public SteadyClients(SteadyGroup settings, GroupPlace place)
        : this(settings, place, RequestTemplate.From(settings.Request, place.Target.Address))
    {
    }

    /// <summary>DNS over HTTPS is a steady load with requests of its own.</summary>
    public SteadyClients(SteadyGroup settings, GroupPlace place, RequestTemplate[] templates)
        : base(settings, place, settings.Protocol)
    {
        _settings = settings;
        if (settings.Rate is { } rate)
            _open = new OpenRequests(place.Loop, templates, Recorder, rate * place.Share, Plan.RequestTimeout);
        else
            _closed = new ClosedRequests(templates, Recorder);
    }

    public override TimeSpan Ramp => _settings.Ramp;

    public override void Begin() => _open?.Start(ClientLoop.Timestamp);

    public override void End()
    {
        if (_closed is not null)
            _closed.Ended = true;
        _open?.End();
    }

    protected override ClientProtocol CreateProtocol(IActorRef owner) =>
        Http(_settings.Protocol, (IRequestSource?)_closed ?? _open!, _settings.Streams);

    protected override ActorBase CreateActor(int number) => new SteadySessionActor(this, number);

    private sealed class SteadySessionActor(ClientGroup group, int number) : ClientSessionActor(group, number);
}
