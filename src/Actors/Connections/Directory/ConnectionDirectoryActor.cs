using Akka.Actor;

namespace Actors443.Connections.Directory;

/// <summary>To the directory: this listener has connections.</summary>
internal sealed record ListenerConnections(string Name, IActorRef Listener);

/// <summary>To the directory: answer with the obituaries kept, newest first.</summary>
internal sealed record ListObituaries
{
    public static ListObituaries Instance { get; } = new();
}

internal sealed record ObituaryList(IReadOnlyList<Obituary> Obituaries);

/// <summary>Who is connected, and who was: asks the listeners, keeps the last obituaries.</summary>
internal sealed class ConnectionDirectoryActor : ReceiveActor
{
    private const int ObituariesKept = 2000;
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, IActorRef> _listeners = [];
    private readonly Queue<Obituary> _obituaries = new();
    private readonly ConnectionObservers _observers;

    public ConnectionDirectoryActor(ConnectionObservers observers)
    {
        _observers = observers;
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
        Receive<CutRevoked>(cut =>
        {
            foreach (IActorRef listener in _listeners.Values)
                listener.Tell(cut);
        });
        Receive<Obituary>(Keep);
        Receive<ListObituaries>(_ => Sender.Tell(new ObituaryList([.. _obituaries.Reverse()])));
    }

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(Obituary));
        // Those of an instance that failed.
        foreach (IActorRef observer in _observers.All)
            Context.Watch(observer);
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    private async Task<TMerged> AskListenersAsync<T, TMerged>(object message, Func<T[], TMerged> merge) =>
        merge(await Task.WhenAll(_listeners.Values.ToArray().Select(listener => listener.Ask<T>(message, AnswerWithin))));

    private void Keep(Obituary obituary)
    {
        if (_obituaries.Count == ObituariesKept)
            _obituaries.Dequeue();
        _obituaries.Enqueue(obituary);
    }
}
