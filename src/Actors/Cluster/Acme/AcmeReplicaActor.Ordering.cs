using Actors443.Acme.State;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.DistributedData;

namespace Actors443.Cluster.Acme;

/// <summary>
/// On the node that orders: has each change agreed on by most nodes, then asks most nodes whether it is still this node's term. Either fails for a node that is cut off or was taken
/// for dead, and then the step that waits for it is not taken.
/// </summary>
internal sealed partial class AcmeReplicaActor
{
    private static readonly TimeSpan AllWithin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, Agreement> _agreements = new(StringComparer.Ordinal);

    private void OnChanged(string entry)
    {
        if (_state != ReplicaState.Ordering)
            return;
        if (!_agreements.TryGetValue(entry, out Agreement? agreement))
            _agreements.Add(entry, agreement = new Agreement(entry));
        if (agreement.Stage == AgreementStage.None)
            Begin(agreement);
        else
            agreement.IsChangedAgain = true;
    }

    private void OnAwait(string entry)
    {
        // Of another term: it waits until its node stops, which is on its way.
        if (_state != ReplicaState.Ordering)
            return;
        if (!_agreements.TryGetValue(entry, out Agreement? agreement) || agreement.Stage == AgreementStage.None)
            Sender.Tell(new EntryAgreed(entry));
        else
            (agreement.IsChangedAgain ? agreement.WaitingForNext : agreement.Waiting).Add(Sender);
    }

    private void Begin(Agreement agreement)
    {
        agreement.IsChangedAgain = false;
        try
        {
            agreement.Content = _files.Read(agreement.Entry);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // Nobody has agreed on what cannot be read.
            _log.CannotKeep(agreement.Entry, cause.Message);
            agreement.Stage = AgreementStage.Entry;
            agreement.IsChangedAgain = true;
            Later(agreement, TryDiskAgain);
            return;
        }

        string digest = agreement.Content.Digest();
        if (digest == _marks.GetValueOrDefault(agreement.Entry, EntryMark.None).Digest)
        {
            Finish(agreement);
            return;
        }

        agreement.HasAnswers = agreement.Content.Files.TryGetValue(NameSetFolder.RecordFile, out byte[]? json) && AcmeJsonFile.Parse<OrderRecord>(json) is { Answers.Count: > 0 };
        if (_index.Entries.Contains(agreement.Entry))
        {
            agreement.Mark = new EntryMark(NextGeneration(), digest);
            WriteEntry(agreement, everywhere: agreement.HasAnswers);
        }
        else
        {
            Register(agreement.Entry);
            agreement.Stage = AgreementStage.Index;
            agreement.Mark = new EntryMark(0, digest);
            WriteIndex(_index.Entries.Append(agreement.Entry), agreement);
        }
    }

    private void WriteEntry(Agreement agreement, bool everywhere)
    {
        agreement.Stage = AgreementStage.Entry;
        IWriteConsistency consistency = everywhere ? new WriteAll(AllWithin) : new WriteMajority(AnswerWithin);
        Write(Register(agreement.Entry), agreement.Mark.Generation, agreement.Content.Encode(), consistency, agreement);
        agreement.IsToAll = everywhere;
    }

    private void OnWritten(Agreement agreement, IUpdateResponse answer)
    {
        if (!answer.IsSuccessful)
        {
            // That a node does not answer at all is no reason to wait for it.
            if (agreement.IsToAll && agreement.Stage == AgreementStage.Entry)
                WriteEntry(agreement, everywhere: false);
            else
                NotAgreed(agreement);
        }
        else if (agreement.Stage == AgreementStage.Index)
        {
            agreement.Mark = agreement.Mark with { Generation = NextGeneration() };
            WriteEntry(agreement, everywhere: agreement.HasAnswers);
        }
        else
            LookAtFence(agreement);
    }

    private void LookAtFence(Agreement agreement)
    {
        agreement.Stage = AgreementStage.Fence;
        _replicator.Tell(Dsl.Get(_indexRegister.Key, new ReadMajority(AnswerWithin), agreement));
    }

    private void OnFenceSeen(Agreement agreement, IGetResponse answer)
    {
        if (!answer.IsFound)
        {
            NotAgreed(agreement);
            return;
        }

        LWWRegister<string> register = answer.Get(_indexRegister.Key);
        if (ReplicatedIndex.TermOf(register.Timestamp) != _term || !register.UpdatedBy.Equals(_cluster.SelfUniqueAddress))
        {
            OnIndex(register);
            if (_state == ReplicaState.Ordering)
                Supersede();
            return;
        }

        if (agreement.HasAnswers && !IsConfirmed(agreement))
        {
            agreement.Stage = AgreementStage.Answers;
            Later(agreement, AnswersWithin);
        }
        else
            Finish(agreement);
    }

    private void OnConfirmed(AnswersInPlace confirmed)
    {
        if (!_agreements.TryGetValue(confirmed.Entry, out Agreement? agreement) || agreement.Stage == AgreementStage.None || agreement.Mark.Generation != confirmed.Generation)
            return;
        agreement.Confirmed.Add(Sender.Path.Address);
        if (agreement.Stage == AgreementStage.Answers && IsConfirmed(agreement))
            Finish(agreement);
    }

    private bool IsConfirmed(Agreement agreement) => Nodes().Except(_cluster.State.Unreachable)
        .All(member => member.UniqueAddress.Equals(_cluster.SelfUniqueAddress) || agreement.Confirmed.Contains(member.Address));

    private void Finish(Agreement agreement)
    {
        Timers.Cancel(agreement);
        if (agreement.Mark.Generation > 0)
        {
            _metrics.Agreement("agreed");
            EntryMark mark = agreement.Mark;
            _marks[agreement.Entry] = mark;
            OnDisk(agreement.Entry, () => _files.SaveMark(agreement.Entry, mark));
            Context.Parent.Tell(new EntryApplied(agreement.Entry));
        }

        foreach (IActorRef waiting in agreement.Done())
            waiting.Tell(new EntryAgreed(agreement.Entry));
        if (agreement.IsChangedAgain)
            Begin(agreement);
    }

    private void NotAgreed(Agreement agreement)
    {
        if (!agreement.IsSaid)
            _log.NotAgreed(PurposeOf(agreement.Entry), "most nodes do not answer");
        agreement.IsSaid = true;
        _metrics.Agreement("late");
        Later(agreement, TryAgain);
    }

    private void OnDue(Agreement agreement)
    {
        switch (agreement.Stage)
        {
            case AgreementStage.Answers:
                _log.AnswersNotEverywhere(agreement.Entry);
                Finish(agreement);
                break;
            case AgreementStage.Index:
                WriteIndex(_index.Entries, agreement);
                break;
            case AgreementStage.Entry when agreement.Content.Files.Count == 0 && agreement.IsChangedAgain:
                Begin(agreement);
                break;
            case AgreementStage.Entry:
                WriteEntry(agreement, everywhere: false);
                break;
            case AgreementStage.Fence:
                LookAtFence(agreement);
                break;
        }
    }

    // What is said later than what this node said itself.
    private bool IsLater(string entry, long generation) =>
        generation > (_agreements.TryGetValue(entry, out Agreement? agreement) && agreement.Stage != AgreementStage.None ? agreement.Mark.Generation : _marks.GetValueOrDefault(entry, EntryMark.None).Generation);

    private bool IsUnderWay(Agreement agreement) => agreement.Stage != AgreementStage.None && _agreements.GetValueOrDefault(agreement.Entry) == agreement;

    private void Later(Agreement agreement, TimeSpan after) => Timers.StartSingleTimer(agreement, new AgreementDue(agreement), after);

    /// <summary>To itself.</summary>
    private sealed record AgreementDue(Agreement Agreement);
}
