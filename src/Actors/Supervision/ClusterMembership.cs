namespace Actors443.Supervision;

/// <summary>Where a server stands with its cluster.</summary>
public enum ClusterMembership
{
    /// <summary>It is in none, or not yet.</summary>
    None,

    /// <summary>It is a member that the others count on.</summary>
    Up,

    /// <summary>The others have removed it, or it could not see most of them: it stops.</summary>
    Removed,
}
