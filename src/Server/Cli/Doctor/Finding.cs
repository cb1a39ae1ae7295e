namespace Actors443.Server.Cli.Doctor;

/// <summary>How bad it is.</summary>
internal enum FindingGrade
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Something that could be better, and harms nobody as it is.</summary>
    Hint,

    /// <summary>It works, until it does not.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Problem,
}

/// <summary>What was found of one thing.</summary>
/// <param name="Check">What was looked at, in a word or two.</param>
/// <param name="Grade">How bad it is.</param>
/// <param name="Text">What was found.</param>
/// <param name="Fix">What to do; null: nothing.</param>
internal sealed record Finding(string Check, FindingGrade Grade, string Text, string? Fix = null)
{
    public static Finding Good(string check, string text) => new(check, FindingGrade.Good, text);

    public static Finding Hint(string check, string text, string fix) => new(check, FindingGrade.Hint, text, fix);

    public static Finding Warning(string check, string text, string fix) => new(check, FindingGrade.Warning, text, fix);

    public static Finding Problem(string check, string text, string fix) => new(check, FindingGrade.Problem, text, fix);
}
