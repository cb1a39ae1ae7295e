using Actors443.Server.Configuration;
using Actors443.Server.Sites;

namespace Actors443.Server.Applying;

/// <summary>Settings that were found good and can be put in force by <see cref="ConfigurationApplier.CommitAsync"/>. Immutable.</summary>
/// <param name="BasedOn">What ran then: if that has changed since, they are not put in force.</param>
/// <param name="Loaded">As they were read.</param>
/// <param name="Change">What differs.</param>
/// <param name="Sites">Built, and shown to nobody yet.</param>
/// <param name="Concerned">Which connections end with what they hung on.</param>
/// <param name="Warnings">What is worth knowing of them, one line each.</param>
internal sealed record PreparedConfiguration(
    RunningConfiguration BasedOn, ServerSettings Loaded, SettingsChange Change, PreparedSites Sites, ConcernedConnections Concerned, IReadOnlyList<string> Warnings)
{
    /// <summary>Tells the settings, however they are written.</summary>
    public string Fingerprint { get; } = SettingsKeys.FingerprintOf(Loaded);
}

/// <summary>What came of preparing: one of the two.</summary>
/// <param name="Prepared">Null: they are refused.</param>
/// <param name="Problems">Why, one line each.</param>
internal sealed record Preparation(PreparedConfiguration? Prepared, IReadOnlyList<string> Problems)
{
    public static Preparation Refuse(params IReadOnlyList<string> problems) => new(null, problems);
}

/// <summary>What came of putting settings in force.</summary>
internal enum CommitOutcome
{
    /// <summary>All of what is live in them is in force.</summary>
    Applied,

    /// <summary>They were in force already.</summary>
    Unchanged,

    /// <summary>Nothing was changed: others have been put in force since they were prepared.</summary>
    Superseded,

    /// <summary>Nothing was changed: a part of them failed, and the others were taken back.</summary>
    Failed,
}

/// <param name="Outcome">What came of it.</param>
/// <param name="Running">What is in force now.</param>
/// <param name="Problems">With <see cref="CommitOutcome.Failed"/>: what failed. With <see cref="CommitOutcome.Applied"/>: what is wrong with certificates.</param>
/// <param name="Drained">Connections that were told to end.</param>
internal sealed record Commit(CommitOutcome Outcome, RunningConfiguration Running, IReadOnlyList<string> Problems, int Drained = 0)
{
    /// <summary>In a line, for the audit.</summary>
    public string Describe(PreparedConfiguration prepared) => Outcome == CommitOutcome.Applied
        ? $"generation {Running.Generation}: {string.Join(", ", prepared.Change.LiveKeys)}; {Drained} connections drained"
        : string.Join("; ", Problems);
}
