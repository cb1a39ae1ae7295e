using System.Collections.Concurrent;

namespace Actors443.Acme.Orders;

/// <summary>How the certificate of one name set stands, for people and metrics. Immutable.</summary>
internal sealed record NameSetStatus(IReadOnlyList<string> Names, AcmeOrderState State)
{
    /// <summary>Of the certificate served; null: none.</summary>
    public string? Thumbprint { get; init; }

    public long Generation { get; init; }

    public DateTimeOffset? RenewAt { get; init; }

    /// <summary>After a failure.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    public string? LastFailure { get; init; }
}

/// <summary>The status of every name set by id. Written by the orders, read by anyone; thread-safe.</summary>
internal sealed class NameSetStatuses
{
    private readonly ConcurrentDictionary<string, NameSetStatus> _statuses = new();

    public IReadOnlyCollection<NameSetStatus> All => [.. _statuses.Values];

    /// <summary>Of those that have a certificate.</summary>
    public IReadOnlyDictionary<string, NameSetStatus> ByThumbprint()
    {
        var found = new Dictionary<string, NameSetStatus>();
        foreach (NameSetStatus status in _statuses.Values)
        {
            if (status.Thumbprint is { } thumbprint)
                found[thumbprint] = status;
        }

        return found;
    }

    public void Set(string id, NameSetStatus status) => _statuses[id] = status;

    public void Remove(string id) => _statuses.TryRemove(id, out _);
}
