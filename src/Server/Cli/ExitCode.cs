namespace Actors443.Server.Cli;

/// <summary>What a command answers to the shell.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The command was understood and could not be carried out.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int BadUsage = 2;

    /// <summary>Of <c>plan</c> alone: there is something to apply. Whatever is wrong is <see cref="Failed"/> there.</summary>
    public const int Changes = 2;
}
