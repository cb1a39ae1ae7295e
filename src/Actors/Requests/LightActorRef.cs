using System.Collections.Immutable;
using Akka.Actor;
using Akka.Dispatch.SysMsg;

namespace Actors443.Requests;

/// <summary>
/// An actor reference without an actor, and without a name until somebody asks for it (to watch it, or to send it over the wire), for that is what makes Akka's <c>Ask</c> dear.
/// Thread-safe.
/// </summary>
internal abstract class LightActorRef(IActorRefProvider provider) : MinimalActorRef
{
    private ActorPath? _path;
    private ImmutableHashSet<IActorRef> _watchers = [];
    private int _ended;

    public override IActorRefProvider Provider => provider;

    public override ActorPath Path => Volatile.Read(ref _path) ?? Name();

    protected bool HasEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>Nothing more is heard, and whoever watches is told.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        if (Volatile.Read(ref _path) is { } path)
            provider.UnregisterTempActor(path);
        NotifyWatchers();
    }

    public override void SendSystemMessage(ISystemMessage message)
    {
        switch (message)
        {
            case Watch watch:
                ImmutableInterlocked.Update(ref _watchers, static (watchers, watcher) => watchers.Add(watcher), watch.Watcher);
                if (HasEnded)
                    NotifyWatchers();
                break;
            case Unwatch unwatch:
                ImmutableInterlocked.Update(ref _watchers, static (watchers, watcher) => watchers.Remove(watcher), unwatch.Watcher);
                break;
        }
    }

    private void NotifyWatchers()
    {
        foreach (IActorRef watcher in Interlocked.Exchange(ref _watchers, []))
            ((IInternalActorRef)watcher).SendSystemMessage(new DeathWatchNotification(this, existenceConfirmed: true, addressTerminated: false));
    }

    private ActorPath Name()
    {
        ActorPath path = provider.TempPath();
        if (Interlocked.CompareExchange(ref _path, path, null) is { } already)
            return already;
        provider.RegisterTempActor(this, path);
        if (HasEnded)
            provider.UnregisterTempActor(path);
        return path;
    }
}
