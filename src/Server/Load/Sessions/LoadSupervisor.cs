using System.Globalization;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;
using Akka.Actor;
using HdrHistogram;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.Server.Load.Sessions;

/// <summary>
/// One run: starts and ends its groups in their time, adds up what they count each second, and calls storms. Ends itself when the last group has.
/// </summary>
internal sealed class LoadSupervisor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly SupervisorStrategy Stop = new OneForOneStrategy(_ => Directive.Stop);

    private readonly LoadRunPlan _plan;
    private readonly Dictionary<string, GroupShares> _groups = [];
    private readonly long _began = ClientLoop.Timestamp;
    private TimeSpan _intervalBegan;
    private TimeSpan? _ended;
    private int _interval;
    private bool _finishing;

    public LoadSupervisor(LoadRunPlan plan)
    {
        _plan = plan;
        _intervalBegan = -plan.Settings.WarmUp;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Since the run began; negative during the warm-up.</summary>
    private TimeSpan Now => TimeSpan.FromMicroseconds(ClientLoop.ToMicroseconds(ClientLoop.Timestamp - _began)) - _plan.Settings.WarmUp;

    protected override SupervisorStrategy SupervisorStrategy() => Stop;

    protected override void PreStart()
    {
        foreach (LoadGroup group in _plan.Settings.Groups)
            _groups.Add(group.Name, Create(group));
        foreach (GroupShares shares in _groups.Values)
        {
            LoadGroup group = shares.Settings;
            // What has no time of its own begins with the warm-up.
            TimeSpan start = group.Start > TimeSpan.Zero ? group.Start + _plan.Settings.WarmUp : TimeSpan.Zero;
            TimeSpan end = _plan.Settings.WarmUp + (group.Duration is { } duration ? group.Start + duration : _plan.Settings.Duration);
            Timers.StartSingleTimer(("start", group.Name), new StartNow(shares), start);
            Timers.StartSingleTimer(("end", group.Name), new EndNow(shares), end);
        }

        Timers.StartPeriodicTimer("interval", IntervalEnds.Instance, Interval);
    }

    protected override void PostStop() => _plan.Ended.TrySetResult();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case StartNow start:
                Tell(start.Shares, new StartGroup());
                break;
            case EndNow end:
                End(end.Shares);
                break;
            case IntervalEnds:
                EndInterval();
                break;
            case GroupCounted counted:
                Add(counted);
                break;
            case SessionsOpen open:
                AllOpen(_groups[open.Group]);
                break;
            case StormNow storm when !_finishing && !storm.Shares.Ended:
                storm.Shares.Dropped = Now;
                Tell(storm.Shares, new DropSessions());
                break;
            case EndRun:
                _finishing = true;
                foreach (GroupShares shares in _groups.Values)
                    End(shares);
                break;
            case Terminated terminated:
                Ended(terminated.ActorRef);
                break;
        }
    }

    private GroupShares Create(LoadGroup group)
    {
        var shares = new GroupShares(group);
        if (group is SteadyGroup { Protocol: LoadProtocol.Http3 } http3)
        {
            LoadSettings settings = _plan.Settings;
            shares.Supervisors.Add(Context.Watch(Context.ActorOf(Props.Create(() => new Http3GroupSupervisor(http3, settings)))));
            return shares;
        }

        int loops = _plan.Loops.Count;
        int first = _plan.FirstNumber(group);
        for (int index = 0; index < loops; index++)
        {
            ClientLoop loop = _plan.Loops[index];
            int clients = group.Connections / loops + (index < group.Connections % loops ? 1 : 0);
            if (clients == 0)
                continue;
            var place = new GroupPlace(loop, _plan.Target, _plan.Settings, clients, first, (double)clients / group.Connections);
            first += clients;
            IActorRef supervisor = loop.Loop.CreateActors(() => Context.ActorOf(ClientGroupSupervisor.Props(loop, _ => ClientGroups.Create(group, place))));
            Context.Watch(supervisor);
            shares.Supervisors.Add(supervisor);
        }

        return shares;
    }

    private static void Tell(GroupShares shares, object message)
    {
        foreach (IActorRef supervisor in shares.Supervisors)
            supervisor.Tell(message);
    }

    private void End(GroupShares shares)
    {
        shares.Finishing = true;
        Tell(shares, new FinishGroup());
        // Closing the sessions takes its time, which is not the run's.
        if (_groups.Values.All(group => group.Finishing))
            _ended ??= Now;
    }

    private void EndInterval()
    {
        // One that does not answer within the interval has its counts in the next.
        Publish();
        _interval++;
        foreach (GroupShares shares in _groups.Values)
            Tell(shares, new CountGroup(_interval));
    }

    private void Add(GroupCounted counted)
    {
        GroupShares shares = _groups[counted.Group];
        shares.Counted.Add(counted.Counts);
        if (!_groups.Values.Any(group => group.Counted.Count < group.Supervisors.Count))
            Publish();
    }

    private void Publish()
    {
        TimeSpan now = _ended ?? Now;
        bool any = false;
        foreach (GroupShares shares in _groups.Values)
        {
            // Marks wait for the next counts: a sample says how many sessions are open.
            if (shares.Counted.Count == 0)
                continue;
            any = true;
            _plan.Sample(shares.Take(_plan.Node, _intervalBegan, now - _intervalBegan));
        }

        if (any)
            _intervalBegan = now;
    }

    private void AllOpen(GroupShares shares)
    {
        if (shares.Settings is not StormGroup storm || ++shares.Complete < shares.Supervisors.Count)
            return;
        shares.Complete = 0;
        if (shares.Dropped is { } dropped)
        {
            shares.Storms++;
            double seconds = (Now - dropped).TotalSeconds;
            shares.Marks.Add(new LoadMark(Now, string.Create(CultureInfo.InvariantCulture, $"storm {shares.Storms}: {storm.Sessions:N0} sessions back after {seconds:0.00} s"), seconds));
        }

        if (shares.Storms < storm.Storms)
            Timers.StartSingleTimer(("storm", storm.Name), new StormNow(shares), storm.Calm);
    }

    private void Ended(IActorRef supervisor)
    {
        foreach (GroupShares shares in _groups.Values)
        {
            if (shares.Supervisors.Remove(supervisor) && shares.Supervisors.Count == 0)
                shares.Ended = true;
        }

        if (!_groups.Values.All(group => group.Ended))
            return;
        Publish();
        Context.Stop(Self);
    }

    private sealed record StartNow(GroupShares Shares);

    private sealed record EndNow(GroupShares Shares);

    private sealed record StormNow(GroupShares Shares);

    private sealed class IntervalEnds
    {
        public static IntervalEnds Instance { get; } = new();
    }

    private sealed class GroupShares(LoadGroup settings)
    {
        public LoadGroup Settings => settings;

        public List<IActorRef> Supervisors { get; } = [];

        public List<RecorderSnapshot> Counted { get; } = [];

        public List<LoadMark> Marks { get; } = [];

        public bool Finishing { get; set; }

        public bool Ended { get; set; }

        public int Complete { get; set; }

        public int Storms { get; set; }

        public TimeSpan? Dropped { get; set; }

        public IntervalSample Take(string node, TimeSpan start, TimeSpan length)
        {
            var sample = new IntervalSample { Node = node, Group = settings.Name, Start = start, Length = length };
            foreach (RecorderSnapshot counts in Counted)
            {
                sample.Succeeded += counts.Succeeded;
                sample.FullHandshakes += counts.FullHandshakes;
                sample.ResumedHandshakes += counts.ResumedHandshakes;
                sample.BytesReceived += counts.BytesReceived;
                sample.BytesSent += counts.BytesSent;
                sample.Events += counts.Events;
                sample.OpenSessions += counts.Open;
                sample.OpeningSessions += counts.Opening;
                sample.Latency = Sum(sample.Latency, counts.Latency);
                sample.HandshakeTime = Sum(sample.HandshakeTime, counts.HandshakeTime);
                foreach ((LoadError error, long count) in counts.Errors)
                    sample.Errors[error] = sample.Errors.GetValueOrDefault(error) + count;
            }

            sample.Marks.AddRange(Marks);
            Counted.Clear();
            Marks.Clear();
            return sample;
        }

        private static HistogramBase? Sum(HistogramBase? sum, LongHistogram? part)
        {
            if (sum is null || part is null)
                return sum ?? part;
            sum.Add(part);
            return sum;
        }
    }
}

/// <summary>To the run: end now, in order.</summary>
internal sealed record EndRun;

/// <summary>What a run needs that is not in its settings.</summary>
internal sealed record LoadRunPlan(LoadSettings Settings, ClientTarget Target, IReadOnlyList<ClientLoop> Loops, string Node, Action<IntervalSample> Sample)
{
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Clients are numbered over all groups of the run, so that source addresses are spread evenly.</summary>
    public int FirstNumber(LoadGroup group) => Settings.Groups.TakeWhile(other => other != group).Sum(other => other.Connections);
}
