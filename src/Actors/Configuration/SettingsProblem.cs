namespace Actors443.Configuration;

/// <summary>One thing that is wrong with the settings, and what to write instead.</summary>
/// <param name="Severity">Errors refuse the settings whole; warnings do not.</param>
/// <param name="File">The file it is in, or <c>--set KEY</c>; null where the source is not known.</param>
/// <param name="Line">Line in <paramref name="File"/>, from 1; 0 where there is none.</param>
/// <param name="Path">The setting, such as <c>actors443.https.bind</c>; null where the message names it.</param>
/// <param name="Message">What is wrong; what to write instead.</param>
public sealed record SettingsProblem(SettingsSeverity Severity, string? File, int Line, string? Path, string Message)
{
    /// <summary>One line: <c>file:line: path: message</c>, without the parts that are not known.</summary>
    public override string ToString()
    {
        string place = File is null ? "" : Line > 0 ? $"{File}:{Line}: " : $"{File}: ";
        return Path is null ? place + Message : $"{place}{Path}: {Message}";
    }
}

/// <summary>How bad a problem is.</summary>
public enum SettingsSeverity
{
    /// <summary>The settings can be used; they may not do what was meant.</summary>
    Warning,

    /// <summary>The settings cannot be used.</summary>
    Error,
}
