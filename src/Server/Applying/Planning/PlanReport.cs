namespace Actors443.Server.Applying.Planning;

/// <summary>What a configuration would do to the live connections of this node if it were applied now.</summary>
internal sealed record PlanReport
{
    /// <summary>Tells this plan: what ran when it was made, and what was planned.</summary>
    public required string Plan { get; init; }

    /// <summary>Version of the configuration it was made against: the ETag of <c>/api/v1/configuration</c> without its quotes.</summary>
    public required string BasedOn { get; init; }

    /// <summary>Anything at all, now or at the next start.</summary>
    public required bool HasChanges { get; init; }

    /// <summary>Live connections.</summary>
    public required int Connections { get; init; }

    /// <summary>Those that end: what is in flight on them is finished first.</summary>
    public required int Drained { get; init; }

    /// <summary>Tunnels that end, because their account may not have them any more.</summary>
    public required int TunnelsEnded { get; init; }

    /// <summary>Listeners, all at the next start.</summary>
    public required IReadOnlyList<PlannedListener> Listeners { get; init; }

    public required IReadOnlyList<PlannedSite> Sites { get; init; }

    /// <summary>Routes of connections to other servers.</summary>
    public required IReadOnlyList<PlannedRoute> Routes { get; init; }

    public required IReadOnlyList<PlannedCertificate> Certificates { get; init; }

    /// <summary>Limits and deadlines that get tighter.</summary>
    public required IReadOnlyList<PlannedLimit> Limits { get; init; }

    /// <summary>Settings that change at once, sorted.</summary>
    public required IReadOnlyList<string> LiveKeys { get; init; }

    /// <summary>Settings that wait for the next start, sorted.</summary>
    public required IReadOnlyList<string> RestartKeys { get; init; }

    /// <summary>What is worth knowing of the configuration.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}

internal enum PlannedChange
{
    Added,
    Removed,
    Changed,
}

/// <summary>A listener that is bound otherwise at the next start.</summary>
/// <param name="Name">Of the listener that is there, or will be.</param>
/// <param name="Change"><see cref="PlannedChange.Changed"/>: it is bound to other addresses, or made anew with other limits.</param>
/// <param name="NewAddresses">Those it gets.</param>
/// <param name="GoneAddresses">Those it loses.</param>
/// <param name="Connections">That hang on it now.</param>
internal sealed record PlannedListener(string Name, PlannedChange Change, IReadOnlyList<string> NewAddresses, IReadOnlyList<string> GoneAddresses, int Connections);

/// <param name="Name">Of the site.</param>
/// <param name="Change">What becomes of it.</param>
/// <param name="What">What changes in it: <c>routes</c>, <c>certificate</c>, <c>client-certificates</c>, <c>hsts</c>, <c>compression</c>.</param>
/// <param name="Connections">Of clients that came for it.</param>
/// <param name="Upgraded">WebSockets and tunnels among them.</param>
/// <param name="Drained">Those of them that end. The others go on: requests in flight by the former settings, new ones by the new.</param>
internal sealed record PlannedSite(string Name, PlannedChange Change, IReadOnlyList<string> What, int Connections, int Upgraded, int Drained);

/// <param name="Name">Of the route.</param>
/// <param name="Change">What becomes of it.</param>
/// <param name="Connections">Led along it now.</param>
/// <param name="Drained">Those of them that end.</param>
internal sealed record PlannedRoute(string Name, PlannedChange Change, int Connections, int Drained);

/// <param name="Names">It covers.</param>
/// <param name="Source"><c>files</c>, <c>local-ca</c> or <c>acme</c>.</param>
/// <param name="Change"><see cref="PlannedChange.Changed"/>: another takes its place.</param>
/// <param name="Connections">That were made for these names. They stay: the next handshake sees the change.</param>
internal sealed record PlannedCertificate(IReadOnlyList<string> Names, string Source, PlannedChange Change, int Connections);

/// <param name="Key">The setting.</param>
/// <param name="From">As it is.</param>
/// <param name="To">As it will be.</param>
/// <param name="Exceeding">Connections, handshakes or tunnels beyond it now; of <c>deadlines.upgraded-idle</c>, those it is for.</param>
/// <param name="Effect">What becomes of those.</param>
internal sealed record PlannedLimit(string Key, string From, string To, int Exceeding, string Effect);
