using System.CommandLine;
using Actors443.Server.Applying.Planning;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 plan</c>: what a configuration would do to the live connections.</summary>
internal static class PlanCommand
{
    private const string Name = "plan";

    /// <summary>Whose exit code 2 means something else than elsewhere.</summary>
    public static bool Is(Command command) => command.Name == Name;

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new CandidateSource();
        var json = JsonOption.Create();
        var command = new Command(Name, "Say what a configuration would do to the live connections of the running server, without applying it.") { json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => source.AskAsync(arguments, environment, ExitCode.Failed, async (client, candidate) =>
        {
            PlanReport plan = await client.PlanAsync(candidate, cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(plan);
            else
                PlanText.Write(environment.Console, plan);
            return plan.HasChanges ? ExitCode.Changes : ExitCode.Done;
        }));
        return (command, """
            Exit codes: 0 nothing would change, 2 something would, 1 the configuration is bad or no server answers.
            The server's own --set options hold over FILE, as they would at its next start.

            Examples:
              actors443 plan new.conf
              actors443 plan new.conf --json | jq .drained
              actors443 plan new.conf --server /etc/actors443/actors443.conf
            """);
    }
}
