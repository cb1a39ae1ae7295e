using Akka.Actor;

namespace Actors443.Cluster.Acme;

/// <summary>How far an entry that changed is on its way to the other nodes.</summary>
internal enum AgreementStage
{
    /// <summary>Nothing is under way.</summary>
    None,

    /// <summary>The index is being written, for the entry is new.</summary>
    Index,

    /// <summary>The entry is being written.</summary>
    Entry,

    /// <summary>Whether another node has taken over meanwhile is being asked.</summary>
    Fence,

    /// <summary>Other nodes are to say that they give its answers to challenges.</summary>
    Answers,
}

/// <summary>One entry of the node that orders. One thread.</summary>
internal sealed class Agreement(string entry)
{
    public string Entry => entry;

    public AgreementStage Stage { get; set; }

    public EntryMark Mark { get; set; } = EntryMark.None;

    /// <summary>In the clear, until it is written.</summary>
    public ReplicatedEntry Content { get; set; } = new();

    public bool HasAnswers { get; set; }

    /// <summary>It is being written to all nodes, not to most.</summary>
    public bool IsToAll { get; set; }

    /// <summary>It has changed again meanwhile.</summary>
    public bool IsChangedAgain { get; set; }

    /// <summary>Those who wait for what is under way.</summary>
    public List<IActorRef> Waiting { get; private set; } = [];

    /// <summary>Those who wait for what comes after it.</summary>
    public List<IActorRef> WaitingForNext { get; private set; } = [];

    /// <summary>Nodes that give the answers.</summary>
    public HashSet<Address> Confirmed { get; } = [];

    /// <summary>That it is not agreed on is in the log.</summary>
    public bool IsSaid { get; set; }

    /// <summary>What comes after is what is next; answers those who waited for what is done.</summary>
    public List<IActorRef> Done()
    {
        List<IActorRef> done = Waiting;
        Waiting = WaitingForNext;
        WaitingForNext = [];
        Stage = AgreementStage.None;
        Content = new();
        Mark = EntryMark.None;
        HasAnswers = false;
        IsToAll = false;
        Confirmed.Clear();
        IsSaid = false;
        return done;
    }
}
