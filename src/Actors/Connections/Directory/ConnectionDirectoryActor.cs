using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections.History;
using Actors443.Identities;
using Akka.Actor;

namespace Actors443.Connections.Directory;

/// <summary>To the directory: this listener has connections.</summary>
internal sealed record ListenerConnections(string Name, IActorRef Listener);

/// <summary>To the directory: answer with the obituaries kept, newest first.</summary>
internal sealed record ListObituaries
{
    public static ListObituaries Instance { get; } = new();
}

/// <summary>To the directory: what is remembered of somebody's connections. Answers <see cref="ConnectionHistory"/>.</summary>
/// <param name="Subject">Whose.</param>
/// <param name="Count">How many ends to tell of, at most.</param>
internal sealed record AskHistory(HistorySubject Subject, int Count) : INoSerializationVerificationNeeded;

internal sealed record ObituaryList(IReadOnlyList<Obituary> Obituaries);

/// <summary>Who is connected, and who was: asks the listeners, keeps the last obituaries.</summary>
internal sealed class ConnectionDirectoryActor : ReceiveActor
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, IActorRef> _listeners = [];
    private readonly ObituaryBook _obituaries = new();
    private readonly ConnectionObservers _observers;
    private readonly AdmissionGate _gate;
    private readonly TimeProvider _time;

    public ConnectionDirectoryActor(ConnectionObservers observers, AdmissionGate gate, ObituarySettings settings, TimeProvider time)
    {
        _observers = observers;
        _gate = gate;
        _time = time;
        _obituaries.Apply(settings);
        Receive<ObserveConnections>(observe =>
        {
            Context.Watch(observe.Observer);
            observers.Add(observe.Observer);
            Sender.Tell(ObservingConnections.Instance);
        });
        Receive<Terminated>(gone => observers.Remove(gone.ActorRef));
        Receive<ListenerConnections>(connections => _listeners[connections.Name] = connections.Listener);
        Receive<ListConnections>(list => AskListenersAsync<ConnectionList, ConnectionList>(list, lists => new ConnectionList([.. lists.SelectMany(part => part.Connections)])).PipeTo(Sender, Self));
        Receive<FindConnections>(find => AskListenersAsync<FoundConnections, FoundConnections>(find, parts => FoundConnections.Merge(parts, find)).PipeTo(Sender, Self));
        Receive<TellConnections>(tell => AskListenersAsync<int, object>(tell, told => told.Sum()).PipeTo(Sender, Self));
        Receive<TellConnection>(tell => AskListenersAsync<bool, object>(tell, found => found.Contains(true)).PipeTo(Sender, Self));
        Receive<CutIdentities>(cut => AskListenersAsync<int, object>(cut, counts => counts.Sum()).PipeTo(Sender, Self));
        Receive<CutRevoked>(cut =>
        {
            foreach (IActorRef listener in _listeners.Values)
                listener.Tell(cut);
        });
        Receive<Obituary>(_obituaries.Add);
        Receive<OrderlyEnd>(end => _obituaries.Add(end.Story));
        Receive<ClientRefusals>(_obituaries.Add);
        Receive<ObituarySettings>(_obituaries.Apply);
        Receive<ListObituaries>(_ => Sender.Tell(new ObituaryList([.. _obituaries.Entries.Where(obituary => obituary.Reason.IsAbnormal()).Reverse()])));
        Receive<AskHistory>(ask => TellHistoryAsync(ask).PipeTo(Sender, Self));
    }

    protected override void PreStart()
    {
        foreach (Type kind in (Type[])[typeof(Obituary), typeof(OrderlyEnd), typeof(ClientRefusals)])
            Context.System.EventStream.Subscribe(Self, kind);
        // Those of an instance that failed.
        foreach (IActorRef observer in _observers.All)
            Context.Watch(observer);
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    private async Task<TMerged> AskListenersAsync<T, TMerged>(object message, Func<T[], TMerged> merge) =>
        merge(await Task.WhenAll(_listeners.Values.ToArray().Select(listener => listener.Ask<T>(message, AnswerWithin))));

    private async Task<ConnectionHistory> TellHistoryAsync(AskHistory ask)
    {
        // The book is read now: afterwards we are on another thread.
        ConnectionHistory history = _obituaries.Tell(ask.Subject, ask.Count, _time.GetUtcNow(), clients => _gate.BannedFor(clients.BaseAddress));
        FoundConnections open = await AskListenersAsync<FoundConnections, FoundConnections>(new FindConnections(ask.Subject.Open, ConnectionOrder.Age, 0), parts => new FoundConnections(0, parts.Sum(part => part.Matched), []));
        return history with { Open = open.Matched };
    }
}
