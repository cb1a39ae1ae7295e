using System.CommandLine;
using System.Globalization;
using Actors443.Server.Admin;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Planning;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 apply</c>: a configuration in force, all of it or nothing.</summary>
internal static class ApplyCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new CandidateSource();
        var json = JsonOption.Create();
        var plan = new Option<string?>("--plan") { Description = "Only what this plan was made of, and only if what it was made against still runs.", HelpName = "ID" };
        var atMost = new Option<int?>("--at-most") { Description = "Only if no more than this many connections and tunnels end by it.", HelpName = "N" };
        plan.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: { } id }] && !id.Contains('.', StringComparison.Ordinal))
                result.AddError($"--plan {id} is no plan; write what 'actors443 plan' prints first, such as 3-5e1f0c2b9a7d4e68.0b1c2d3e4f5a6978");
        });
        atMost.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: { } number }] && !(int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
                result.AddError($"--at-most {number} is not a number of connections; write one such as --at-most 0");
        });
        var cluster = new Option<bool>("--cluster") { Description = "On all nodes of the cluster, or on none: each looks first whether it could." };
        var command = new Command("apply", "Put a configuration in force in the running server, all of it or nothing, and touch only the connections it concerns.") { json, plan, atMost, cluster };
        source.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(cluster) && (result.GetResult(plan) is not null || result.GetResult(atMost) is not null))
                result.AddError("--plan and --at-most are for one server; leave them out, or --cluster");
        });
        command.SetAction((arguments, cancellationToken) => source.AskAsync(arguments, environment, ExitCode.BadUsage, (client, candidate) => arguments.GetValue(cluster)
            ? ClusterApply.RunAsync(client, candidate, arguments.GetValue(json), environment.Console, cancellationToken)
            : ApplyAsync(client, candidate, arguments.GetValue(plan), arguments.GetValue(atMost), arguments.GetValue(json), environment.Console, cancellationToken)));
        return (command, """
            Connections of sites and routes that are gone are drained, and those that lack a client
            certificate that is demanded now; all others are not touched. The server reads its own
            files at the next start and at SIGHUP: copy FILE there to keep what it says.

            Examples:
              actors443 apply new.conf
              actors443 apply new.conf --plan 3-5e1f0c2b9a7d4e68.0b1c2d3e4f5a6978
              actors443 apply new.conf --at-most 0
              actors443 apply --cluster new.conf --server node-1.conf
            """);
    }

    private static async Task<int> ApplyAsync(AdminClient client, ConfigurationCandidate candidate, string? wanted, int? atMost, bool json, CommandConsole console, CancellationToken cancellationToken)
    {
        PlanReport plan = await client.PlanAsync(candidate, cancellationToken);
        if (atMost < plan.Drained + plan.TunnelsEnded)
        {
            console.WriteError($"actors443: not applied: {plan.Drained} connections and {plan.TunnelsEnded} tunnels would end, and --at-most says {atMost}; 'actors443 plan' says which");
            return ExitCode.Failed;
        }

        AppliedReport applied = await client.ApplyAsync(wanted ?? plan.Plan, candidate, cancellationToken);
        foreach (string problem in applied.Problems)
            console.WriteError(problem);
        if (json)
            console.WriteJson(applied);
        else
            await WriteAsync(console, client, candidate, applied, cancellationToken);
        return ExitCode.Done;
    }

    private static async Task WriteAsync(CommandConsole console, AdminClient client, ConfigurationCandidate candidate, AppliedReport applied, CancellationToken cancellationToken)
    {
        console.Output.WriteLine(applied.Changed
            ? $"applied: generation {applied.Running.Generation}; {string.Join(", ", applied.LiveKeys)}; {HumanText.Count(applied.Drained, "connection")} drained"
            : $"nothing to do: generation {applied.Running.Generation} says the same");
        if (applied.RestartKeys.Count > 0)
            console.Output.WriteLine($"at the next start: {string.Join(", ", applied.RestartKeys)}");
        IReadOnlyList<string> own = (await client.StatusAsync(cancellationToken)).ConfigurationFiles;
        if (applied.Changed && candidate.Files.Count > 0 && !candidate.Files.Select(file => file.Name).SequenceEqual(own))
            console.WriteError(own.Count == 0 ? "the server was started without a file; name this one at its next start to keep it" : $"in force until the next start or SIGHUP, which read {string.Join(", ", own)}; copy it there to keep it");
    }
}
