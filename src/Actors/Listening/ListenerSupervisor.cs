using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.Draining;
using Actors443.Engine;
using Actors443.Supervision;
using Akka.Actor;

namespace Actors443.Listening;

/// <summary>Creates the listeners of the settings and passes on what concerns all of them. One that fails goes on with its next message: it has nothing that could be spoilt, and Akka would restart the children with it.</summary>
internal sealed class ListenerSupervisor : ReceiveActor
{
    private static readonly TimeSpan BindWithin = TimeSpan.FromSeconds(30);

    private readonly ServerEnvironment _environment;
    private readonly IActorRef _directory;
    private readonly List<(ListenerPlan Plan, ListenerMemory Memory)> _memories = [];

    public ListenerSupervisor(ServerEnvironment environment, IActorRef directory)
    {
        _environment = environment;
        _directory = directory;
        Receive<BindListeners>(OnBind);
        Receive<Unbind>(_ => AskAllAsync<Unbound>(Unbind.Instance, BindWithin, _ => Unbound.Instance).PipeTo(Sender, Self));
        Receive<DrainListeners>(drain => AskAllAsync<AllDrained>(drain, drain.Deadline + TimeSpan.FromSeconds(10), answers => new AllDrained(answers.Sum(answer => answer.Aborted))).PipeTo(Sender, Self));
        Receive<LetGo>(letGo => AskAllAsync<StillHeld>(letGo, BindWithin, StillHeld.Merge).PipeTo(Sender, Self));
        Receive<Release>(_ => AskAllAsync<Released>(Release.Instance, BindWithin, _ => Released.Instance).PipeTo(Sender, Self));
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Resume);

    private void OnBind(BindListeners bind)
    {
        var started = new List<IActorRef>();
        foreach (ListenerPlan plan in Plans(_environment.Settings))
        {
            IActorRef listener = plan.Tls
                ? Start(plan, bind.Application, _environment.Gate)
                : Start(plan, ServedApplication.For(new RedirectApplication(() => RedirectPort(), _environment.Challenges.Http)), new CountingGate(_environment.Settings.Http.MaximumConnections));
            started.Add(listener);
        }

        BindAllAsync(started, bind).PipeTo(Sender, Self);
    }

    private IActorRef Start(ListenerPlan plan, ServedApplication application, IAcceptGate gate)
    {
        var memory = new ListenerMemory();
        _memories.Add((plan, memory));
        return Context.ActorOf(Props.Create<ListenerActor>(_environment, plan, application, gate, memory), plan.Name);
    }

    // Where https really is: a fall-back or a free port included.
    private int RedirectPort()
    {
        if (_environment.Settings.Https.PublicPort is { } port)
            return port;
        foreach ((ListenerPlan plan, ListenerMemory memory) in _memories)
        {
            if (plan.Tls && memory.EndPoints is { Count: > 0 } bound)
                return bound[0].Port;
        }

        return _environment.Settings.Https.Bind[0].Port;
    }

    private async Task<object> BindAllAsync(List<IActorRef> listeners, BindListeners bind)
    {
        var bound = new List<BoundListenerInfo>();
        foreach (IActorRef listener in listeners)
        {
            switch (await listener.Ask<object>(bind, BindWithin))
            {
                case BoundListenerInfo info:
                    bound.Add(info);
                    if (info.Tls)
                        _directory.Tell(new ListenerConnections(info.Name, listener), ActorRefs.NoSender);
                    break;
                case ListenersFailed failed:
                    return failed;
            }
        }

        return new ListenersBound(bound);
    }

    private static Task<T> AskAllAsync<T>(object message, TimeSpan within, Func<T[], T> merge)
    {
        Task<T>[] answers = [.. Context.GetChildren().Select(listener => listener.Ask<T>(message, within))];
        return MergeAsync(answers, merge);

        static async Task<T> MergeAsync(Task<T>[] answers, Func<T[], T> merge) => merge(await Task.WhenAll(answers));
    }

    private static IEnumerable<ListenerPlan> Plans(Actors443Settings settings)
    {
        HttpsSettings https = settings.Https;
        yield return new ListenerPlan(ActorNames.Listener("https", https.Bind[0].Port), true, https.Bind, https.BindIsExplicit ? [] : https.FallbackBind, https.Backlog);
        HttpSettings http = settings.Http;
        if (http.Enabled)
            yield return new ListenerPlan(ActorNames.Listener("http", http.Bind[0].Port), false, http.Bind, http.BindIsExplicit ? [] : http.FallbackBind, https.Backlog);
    }
}
