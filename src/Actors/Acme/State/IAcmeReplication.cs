namespace Actors443.Acme.State;

/// <summary>
/// Has what is kept of ACME on disk kept by the other nodes of a cluster as well. An entry is a folder of the state directory's <c>acme</c>, or a file there, named by its path
/// within. Thread-safe.
/// </summary>
internal interface IAcmeReplication
{
    /// <summary>An entry has changed on disk.</summary>
    void Changed(string entry);

    /// <summary>
    /// Completes when most nodes have the entry as it was when it was last said to have changed, and this node is still the one that orders; of one with answers to challenges, when all
    /// nodes that can be reached give them, as far as they say so in time. It may take for ever: what cannot be agreed on must not be gone on with.
    /// </summary>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    Task AgreedAsync(string entry, CancellationToken stop);
}

/// <summary>A server of its own: its disk is all there is.</summary>
internal sealed class NoReplication : IAcmeReplication
{
    public static NoReplication Instance { get; } = new();

    public void Changed(string entry)
    {
    }

    public Task AgreedAsync(string entry, CancellationToken stop) => Task.CompletedTask;
}
