using System.CommandLine;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary>A command that asks the running server.</summary>
internal static class AdminCommand
{
    /// <summary>Asks the server that runs with these settings. Answers the exit code; what goes wrong is written.</summary>
    public static async Task<int> AskAsync(SettingsSource source, ParseResult arguments, CommandEnvironment environment, Func<AdminClient, Task> ask)
    {
        if (source.Load(arguments, environment) is not { } settings)
            return ExitCode.BadUsage;
        try
        {
            using AdminClient client = AdminClient.For(settings);
            await ask(client);
            return ExitCode.Done;
        }
        catch (AdminException cause)
        {
            environment.Console.WriteError("actors443: " + cause.Message);
            return ExitCode.Failed;
        }
    }
}
