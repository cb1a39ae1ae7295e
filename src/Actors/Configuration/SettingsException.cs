namespace Actors443.Configuration;

/// <summary>The settings cannot be used. The message has a line for every problem.</summary>
public sealed class SettingsException : Exception
{
    /// <summary>Makes the exception from everything that was found.</summary>
    public SettingsException(IReadOnlyList<SettingsProblem> problems)
        : base(string.Join(Environment.NewLine, problems)) => Problems = problems;

    /// <summary>Everything that was found, warnings too.</summary>
    public IReadOnlyList<SettingsProblem> Problems { get; }
}
