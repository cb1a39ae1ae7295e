using Actors443.Server.Configuration;

namespace Actors443.Server.Cli;

/// <summary>What a server is started with.</summary>
internal sealed record ServerStart
{
    /// <summary>As named on the command line; none: the built-in configuration.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Of <c>--set</c>; they win over the files, at each load.</summary>
    public required IReadOnlyList<string> Overrides { get; init; }

    /// <summary>The load that the server starts with. It has settings.</summary>
    public required LoadedSettings Loaded { get; init; }

    /// <summary>Loads the same again, for SIGHUP and changed files.</summary>
    public required Func<LoadedSettings> Reload { get; init; }

    /// <summary>Loads the files without what a cluster has decided; null: as <see cref="Reload"/>.</summary>
    public Func<LoadedSettings>? LoadOwn { get; init; }

    /// <summary>For the banner, and for the form of the log.</summary>
    public required CommandConsole Console { get; init; }

    public ServerSettings Settings => Loaded.Settings!;
}
