using Akka.Actor;
using Akka.DistributedData;

namespace Actors443.Cluster.Acme;

/// <summary>
/// When this node has joined: it asks most nodes for all that was agreed on, instead of waiting until it hears of it, for it is not ready before it serves the cluster's certificates.
/// </summary>
internal sealed partial class AcmeReplicaActor
{
    /// <summary>How long a node that has joined is not ready for want of them: longer than a majority takes to answer twice.</summary>
    public static readonly TimeSpan JoinWithin = TimeSpan.FromSeconds(15);

    // Null: nothing is asked for.
    private Joining? _joining;

    private void BeginToJoin()
    {
        Timers.StartSingleTimer(nameof(Join.TooLate), Join.TooLate, JoinWithin);
        AskForIndex();
    }

    private void AskForIndex()
    {
        _joining = new Joining();
        _replicator.Tell(Dsl.Get(_indexRegister.Key, new ReadMajority(AnswerWithin), _joining));
    }

    private void OnTold(Joining joining, IGetResponse answer)
    {
        if (answer.IsFailure)
        {
            _joining = new Joining();
            Timers.StartSingleTimer(nameof(Join.AskAgain), Join.AskAgain, TryAgain);
            return;
        }

        if (joining.Entries is not { } open)
        {
            if (answer.IsFound)
                OnIndex(answer.Get(_indexRegister.Key));
            joining.Entries = open = [.. _index.Entries];
            foreach (string entry in _index.Entries)
                _replicator.Tell(Dsl.Get(Register(entry).Key, new ReadMajority(AnswerWithin), joining));
        }
        else
        {
            string entry = EntryOf(answer.Key)!;
            if (answer.IsFound)
                OnEntry(entry, answer.Get(_registers[entry].Key));
            open.Remove(entry);
        }

        if (open.Count == 0)
            EndJoining();
    }

    private void EndJoining()
    {
        _joining = null;
        Timers.Cancel(nameof(Join.TooLate));
        Timers.Cancel(nameof(Join.AskAgain));
        Context.Parent.Tell(EntriesKnown.Instance);
    }

    /// <summary>One attempt.</summary>
    private sealed class Joining
    {
        /// <summary>That have not been answered; null: the index has not been.</summary>
        public HashSet<string>? Entries { get; set; }
    }

    private enum Join
    {
        Begin,
        AskAgain,
        TooLate,
    }
}
