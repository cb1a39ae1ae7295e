using Actors443.Cluster.Messages;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Cluster.Acme;

/// <summary>To the replica: an entry has changed on disk.</summary>
internal sealed record EntryChanged(string Entry);

/// <summary>To the replica: answer <see cref="EntryAgreed"/> when what was changed is agreed on.</summary>
internal sealed record AwaitAgreement(string Entry);

internal sealed record EntryAgreed(string Entry) : IDeadLetterSuppression;

/// <summary>To the replica: its node orders from now on. Answers <see cref="TookOver"/> when the disk is what the cluster has agreed on, and tells <see cref="Superseded"/> if that ends.</summary>
internal sealed record TakeOver(IActorRef Authority);

internal sealed record TookOver(long Term);

/// <summary>From the replica: another node orders, or what it said was not known here. Whoever orders here stops, and takes over anew.</summary>
internal sealed record Superseded
{
    public static Superseded Instance { get; } = new();
}

/// <summary>To the replica: its node does not order any more.</summary>
internal sealed record StepDown
{
    public static StepDown Instance { get; } = new();
}

/// <summary>From the replica to its parent: the entry on disk is another, or gone.</summary>
internal sealed record EntryApplied(string Entry);

/// <summary>From the replica to its parent: since this node has joined, all that the cluster has agreed on has come, or was waited for in vain.</summary>
internal sealed record EntriesKnown
{
    public static EntriesKnown Instance { get; } = new();
}

/// <summary>From one node's replica to that of the one that orders: the answers to challenges of this entry are given here.</summary>
internal sealed record AnswersInPlace(string Entry, long Generation) : IClusterMessage;
