using Akka.Actor;

namespace Actors443.Connections.Draining;

/// <summary>To a connection supervisor or a listener: let those go that the step allows. Answers <see cref="StillHeld"/>.</summary>
/// <param name="Drain">What they are told.</param>
/// <param name="Step">Null: all of them.</param>
internal sealed record LetGo(Drain Drain, DrainStep? Step) : INoSerializationVerificationNeeded;

/// <summary>What a step has left.</summary>
/// <param name="ByTenant">Connections that have not been let go.</param>
/// <param name="LetGo">How many were in this step.</param>
internal sealed record StillHeld(IReadOnlyDictionary<DrainTenant, int> ByTenant, int LetGo) : INoSerializationVerificationNeeded
{
    /// <summary>How many have not been let go.</summary>
    public int Count => ByTenant.Values.Sum();

    public static StillHeld Merge(IReadOnlyCollection<StillHeld> parts)
    {
        var all = new Dictionary<DrainTenant, int>();
        foreach ((DrainTenant tenant, int count) in parts.SelectMany(part => part.ByTenant))
            all[tenant] = all.GetValueOrDefault(tenant) + count;
        return new StillHeld(all, parts.Sum(part => part.LetGo));
    }
}
