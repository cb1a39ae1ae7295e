using System.Security.Cryptography;
using Actors443.Acme.Challenges;
using Actors443.Acme.State;
using Actors443.Cluster.Identity;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.DistributedData;

namespace Actors443.Cluster.Acme;

/// <summary>
/// Keeps this node's disk copy of ACME's state the same as the other nodes'. Each entry is a sealed register of its own; the later generation wins, and only the node that orders makes
/// generations, each above all of those who ordered before it. Following is here, joining in <c>.Joining</c>, taking over in <c>.TakingOver</c>, what the node that orders does in <c>.Ordering</c>.
/// </summary>
internal sealed partial class AcmeReplicaActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TryDiskAgain = TimeSpan.FromSeconds(10);

    private readonly ReplicatedFiles _files;
    private readonly ClusterSeal _seal;
    private readonly ChallengeAnswers _answers;
    private readonly AcmeMetrics _metrics;
    private readonly ILogger _log;
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly IActorRef _replicator = DistributedData.Get(Context.System).Replicator;
    private readonly SealedRegister _indexRegister;
    private readonly Dictionary<string, SealedRegister> _registers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<ListenerAnswer>> _given = new(StringComparer.Ordinal);
    private Dictionary<string, EntryMark> _marks = [];
    private ReplicatedIndex _index = new([], 0);
    private long _indexGeneration;
    private ReplicaState _state = ReplicaState.Following;

    public AcmeReplicaActor(string stateDirectory, ClusterSeal seal, ChallengeAnswers answers, AcmeMetrics metrics, ILoggerFactory loggers)
    {
        _files = new ReplicatedFiles(stateDirectory);
        _seal = seal;
        _answers = answers;
        _metrics = metrics;
        _log = loggers.CreateLogger(LogCategories.Cluster);
        _indexRegister = new SealedRegister("acme index", seal);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _marks = _files.Load();
        if (_files.LoadIndex() is var (index, generation))
        {
            _index = index;
            _indexGeneration = generation;
            Write(_indexRegister, generation, index.Encode(), WriteLocal.Instance, null);
        }

        foreach (string entry in _marks.Keys.ToArray())
            Offer(entry);
        _replicator.Tell(Dsl.Subscribe(_indexRegister.Key, Self));
        IActorRef self = Self;
        _cluster.RegisterOnMemberUp(() => self.Tell(Join.Begin, ActorRefs.NoSender));
    }

    protected override void PreRestart(Exception reason, object message)
    {
        // Those who wait would wait for ever.
        _authority.Tell(Superseded.Instance);
        base.PreRestart(reason, message);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Changed changed when changed.Key.Equals(_indexRegister.Key):
                OnIndex(changed.Get(_indexRegister.Key));
                break;
            case Changed changed when EntryOf(changed.Key) is { } entry:
                OnEntry(entry, changed.Get(_registers[entry].Key));
                break;
            case LookAgain again:
                _replicator.Tell(Dsl.Get(_registers[again.Entry].Key, ReadLocal.Instance, again));
                break;
            case GetSuccess { Request: LookAgain again } found:
                OnEntry(again.Entry, found.Get(_registers[again.Entry].Key));
                break;
            case TakeOver takeOver:
                _authority = takeOver.Authority;
                BeginToTakeOver();
                break;
            case BeginAgain when _state == ReplicaState.TakingOver:
                BeginToTakeOver();
                break;
            case IGetResponse { Request: Taking taking } answer when taking == _taking:
                OnAsked(taking, answer);
                break;
            case IUpdateResponse { Request: Taking taking } answer when taking == _taking:
                OnTermTaken(taking, answer);
                break;
            case Join.Begin:
                BeginToJoin();
                break;
            case Join.AskAgain when _joining is not null:
                AskForIndex();
                break;
            case Join.TooLate when _joining is not null:
                _log.CertificatesLate(JoinWithin.TotalSeconds);
                EndJoining();
                break;
            case IGetResponse { Request: Joining joining } answer when joining == _joining:
                OnTold(joining, answer);
                break;
            case StepDown:
                Follow();
                break;
            case EntryChanged changed:
                OnChanged(changed.Entry);
                break;
            case AwaitAgreement wait:
                OnAwait(wait.Entry);
                break;
            case IUpdateResponse { Request: Agreement agreement } answer when IsUnderWay(agreement):
                OnWritten(agreement, answer);
                break;
            case IGetResponse { Request: Agreement agreement } answer when IsUnderWay(agreement):
                OnFenceSeen(agreement, answer);
                break;
            case AnswersInPlace confirmed:
                OnConfirmed(confirmed);
                break;
            case AgreementDue due when IsUnderWay(due.Agreement):
                OnDue(due.Agreement);
                break;
            case IUpdateResponse or IGetResponse or BeginAgain or AgreementDue or Join:
                // Of what was offered, or is over.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>What this node has from before its start. What was changed on disk after it was agreed on is later than that, and what another node says later still is later.</summary>
    private void Offer(string entry)
    {
        EntryMark mark = _marks[entry];
        ReplicatedEntry content = _files.Read(entry);
        if (content.Files.Count == 0 && mark.Generation == 0)
            return;
        ShowAnswers(entry, content);
        Write(Register(entry), content.Digest() == mark.Digest ? mark.Generation : mark.Generation + 1, content.Encode(), WriteLocal.Instance, null);
    }

    private void OnIndex(LWWRegister<string> register)
    {
        if (register.Timestamp <= _indexGeneration)
            return;
        if (_indexRegister.Read(register) is not { } plain || ReplicatedIndex.Decode(plain) is not { } index)
        {
            _log.CannotOpen(_indexRegister.Purpose, register.Timestamp);
            return;
        }

        _indexGeneration = register.Timestamp;
        _index = index with { Entries = [.. index.Entries.Where(ReplicatedFiles.IsEntry)] };
        foreach (string entry in _index.Entries)
            Register(entry);
        OnDisk("index", () => _files.SaveIndex(_index, _indexGeneration));
        if (_term > 0 && !register.UpdatedBy.Equals(_cluster.SelfUniqueAddress))
            Supersede();
    }

    private void OnEntry(string entry, LWWRegister<string> register)
    {
        EntryMark before = _marks.GetValueOrDefault(entry, EntryMark.None);
        if (register.Timestamp == 0 || register.Timestamp < before.Generation || register.UpdatedBy.Equals(_cluster.SelfUniqueAddress))
            return;
        if (_registers[entry].Read(register) is not { } plain || ReplicatedEntry.Decode(plain) is not { } content)
        {
            _log.CannotOpen(_registers[entry].Purpose, register.Timestamp);
            return;
        }

        CryptographicOperations.ZeroMemory(plain);
        var mark = new EntryMark(register.Timestamp, content.Digest());
        if (mark == before)
            return;
        if (_state == ReplicaState.Ordering)
        {
            // Of what an order works on nothing is changed behind its back.
            if (IsLater(entry, register.Timestamp))
                Supersede();
            return;
        }

        if (!OnDisk(entry, () => _files.Apply(entry, content, before)))
        {
            Timers.StartSingleTimer(entry, new LookAgain(entry), TryDiskAgain);
            return;
        }

        _marks[entry] = mark;
        OnDisk(entry, () => _files.SaveMark(entry, mark));
        bool hasAnswers = ShowAnswers(entry, content);
        Context.Parent.Tell(new EntryApplied(entry));
        if (hasAnswers)
            Context.ActorSelection(new RootActorPath(register.UpdatedBy.Address) / Self.Path.Elements).Tell(new AnswersInPlace(entry, register.Timestamp));
    }

    /// <summary>Has our listeners give the answers of an entry, and no others that it had; whether there are any.</summary>
    private bool ShowAnswers(string entry, ReplicatedEntry content)
    {
        if (!ReplicatedFiles.IsNameSet(entry))
            return false;
        IReadOnlyList<ListenerAnswer> answers = content.Files.TryGetValue(NameSetFolder.RecordFile, out byte[]? json) ? AcmeJsonFile.Parse<OrderRecord>(json)?.Answers ?? [] : [];
        foreach (ListenerAnswer gone in _given.GetValueOrDefault(entry, []).Except(answers))
            _answers.Withdraw(gone);
        foreach (ListenerAnswer answer in answers.Except(_given.GetValueOrDefault(entry, [])))
            _answers.Publish(answer);
        _given[entry] = answers;
        return answers.Count > 0;
    }

    // The latest of it is told from now on.
    private SealedRegister Register(string entry)
    {
        if (!_registers.TryGetValue(entry, out SealedRegister? register))
        {
            _registers[entry] = register = new SealedRegister(PurposeOf(entry), _seal);
            _replicator.Tell(Dsl.Subscribe(register.Key, Self));
        }

        return register;
    }

    private void Write(SealedRegister register, long generation, byte[] plain, IWriteConsistency consistency, object? request)
    {
        Akka.Cluster.UniqueAddress node = _cluster.SelfUniqueAddress;
        _replicator.Tell(Dsl.Update(register.Key, SealedRegister.Empty(node), consistency, request, register.Write(node, generation, plain)));
        CryptographicOperations.ZeroMemory(plain);
    }

    /// <summary>What cannot be kept is said, and is in the memory of all nodes meanwhile.</summary>
    private bool OnDisk(string what, Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            _log.CannotKeep(what, cause.Message);
            return false;
        }
    }

    private static string PurposeOf(string entry) => "acme " + entry;

    private string? EntryOf(IKey key) => key.Id.StartsWith(KeyPrefix, StringComparison.Ordinal) && key.Id[KeyPrefix.Length..] is var entry && _registers.ContainsKey(entry) ? entry : null;

    private const string KeyPrefix = "actors443-acme ";

    private enum ReplicaState
    {
        /// <summary>Another node orders, or none.</summary>
        Following,

        /// <summary>Asks what was agreed on.</summary>
        TakingOver,

        /// <summary>This node orders.</summary>
        Ordering,
    }

    /// <summary>To itself: the disk would not take it.</summary>
    private sealed record LookAgain(string Entry);
}
