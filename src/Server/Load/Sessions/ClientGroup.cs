using Actors443.Engine.EventLoop;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>Where a group's share on one loop stands.</summary>
/// <param name="Loop">The loop.</param>
/// <param name="Target">Where its connections go.</param>
/// <param name="Run">The run it is part of.</param>
/// <param name="Clients">How many clients it has here.</param>
/// <param name="FirstNumber">Number of the first of them within the run.</param>
/// <param name="Share">Of the group's rate, this part comes from here.</param>
internal sealed record GroupPlace(ClientLoop Loop, ClientTarget Target, LoadSettings Run, int Clients, int FirstNumber, double Share);

/// <summary>The clients of one group on one loop: what they share, and how they are made. One kind for each mode. The loop's thread alone uses it.</summary>
internal abstract class ClientGroup : IDisposable
{
    private readonly ClientTlsContext? _tls;

    protected ClientGroup(LoadGroup settings, GroupPlace place, LoadProtocol protocol, ClientTlsSettings? tls = null, bool plain = false)
    {
        Settings = settings;
        Place = place;
        if (!plain)
            _tls = new ClientTlsContext(tls ?? place.Run.Tls, place.Target.Address.IdnHost, protocol);
        Plan = new ConnectionPlan
        {
            Target = place.Target,
            Tls = _tls,
            Recorder = Recorder,
            ConnectTimeout = ClientLoop.ToTicks(place.Run.ConnectTimeout),
            RequestTimeout = ClientLoop.ToTicks(place.Run.RequestTimeout),
        };
    }

    public LoadGroup Settings { get; }

    public LoopRecorder Recorder { get; } = new();

    protected GroupPlace Place { get; }

    protected ConnectionPlan Plan { get; init; }

    protected Uri Address => Place.Target.Address;

    /// <summary>The time over which clients begin one after the other.</summary>
    public virtual TimeSpan Ramp => TimeSpan.Zero;

    public int Clients => Place.Clients;

    public ClientConnection CreateConnection(IActorRef owner, int number) => new(Place.Loop, Plan, CreateProtocol(owner), owner, number);

    /// <summary>A client of this group.</summary>
    /// <param name="index">Within the group's share on this loop.</param>
    public Props CreateClient(int index) => Props.CreateBy(new Producer(this, Place.FirstNumber + index)).WithDispatcher(LoopExecutor.DispatcherPath).WithMailbox(LoopExecutor.MailboxPath);

    /// <summary>Its time has come; clients are being made.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Nothing new is begun.</summary>
    public virtual void End()
    {
    }

    public void Dispose() => _tls?.Dispose();

    protected abstract ClientProtocol CreateProtocol(IActorRef owner);

    protected abstract ActorBase CreateActor(int number);

    protected static HttpClientProtocol Http(LoadProtocol protocol, IRequestSource source, int streams) =>
        protocol == LoadProtocol.Http2 ? new Http2Protocol(source, streams) : new Http1Protocol(source);

    private sealed class Producer(ClientGroup group, int number) : IIndirectActorProducer
    {
        public Type ActorType => typeof(ClientSessionActor);

        public ActorBase Produce() => group.CreateActor(number);

        public void Release(ActorBase actor)
        {
            // Its connection goes with PostStop.
        }
    }
}
