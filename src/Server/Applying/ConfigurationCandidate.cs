using Actors443.Configuration.Hocon;
using Actors443.Server.Configuration;

namespace Actors443.Server.Applying;

/// <summary>Configuration files that somebody would like to have in force, as the admin API is sent them.</summary>
internal sealed record ConfigurationCandidate
{
    /// <summary>Files in their order; none: those the server was started with, as they are now.</summary>
    public IReadOnlyList<CandidateFile> Files { get; init; } = [];

    /// <summary>As with <c>--set</c>, over the files and over the server's own.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <param name="own">Of the server's command line: they hold at its next start as well.</param>
    public LoadedSettings Load(IReadOnlyList<string> own) => ServerSettingsLoader.LoadTexts(
        [.. Files.Select(file => new HoconText(file.Name, file.Text))], [.. own, .. Overrides], Environment.GetEnvironmentVariable, out _);
}

/// <param name="Name">Its path: what it includes is looked for beside it, by the server.</param>
/// <param name="Text">What is in it.</param>
internal sealed record CandidateFile(string Name, string Text);
