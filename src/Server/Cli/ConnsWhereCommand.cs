using System.CommandLine;
using System.CommandLine.Parsing;
using Actors443.Connections.Directory;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 conns where</c>: the connections that a filter means, on all nodes; and what is to be done with them.</summary>
internal static class ConnsWhereCommand
{
    public static Command Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var where = new Argument<string>("FILTER")
        {
            Description = "Conditions joined by 'and'. Keys: id node listener state address sni principal certificate ja4 protocol tls route (= !=), age idle requests bytes (< > <= >=). * stands for anything at either end.",
        };
        where.Validators.Add(CheckFilter);
        var close = new Option<bool>("--close") { Description = "Close them, whatever is in flight." };
        var drain = new Option<bool>("--drain") { Description = "Let them end in order: what is in flight is finished first." };
        var push = new Option<string?>("--push") { Description = "Say this to their clients: a message of each WebSocket, an event of each stream of events.", HelpName = "text" };
        Option<ConnectionOrder?> sort = ConnsCommand.Sort();
        Option<int> limit = ConnsCommand.Limit();
        var json = JsonOption.Create();
        var command = new Command("where", "List the connections that a filter means, on every node of the cluster; or close them, drain them, say something to them.") { where, close, drain, push, sort, limit, json };
        command.Validators.Add(result =>
        {
            if (new[] { result.GetValue(close), result.GetValue(drain), result.GetValue(push) is not null }.Count(asked => asked) > 1)
                result.AddError("--close, --drain and --push exclude each other; give one of them");
        });
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) =>
        {
            string filter = arguments.GetValue(where)!;
            string? action = arguments.GetValue(close) ? "close" : arguments.GetValue(drain) ? "drain" : arguments.GetValue(push) is not null ? "push" : null;
            return action is null
                ? ConnsCommand.ListAsync(source, arguments, environment, new ConnectionQuery { Where = ConnectionFilter.Parse(filter), Order = arguments.GetValue(sort) ?? ConnectionOrder.Age, Limit = arguments.GetValue(limit) }, arguments.GetValue(json), cancellationToken)
                : AdminCommand.AskAsync(source, arguments, environment, async client => Write(environment.Console, await client.ActOnConnectionsAsync(action, filter, arguments.GetValue(push), cancellationToken), arguments.GetValue(json)));
        });
        return command;
    }

    private static void CheckFilter(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && !ConnectionFilter.TryParse(result.Tokens[0].Value, out _, out string? problem))
            result.AddError(problem);
    }

    private static void Write(CommandConsole console, ConnectionsActedOn done, bool json)
    {
        if (json)
        {
            console.WriteJson(done);
            return;
        }

        console.Output.WriteLine(done.Action switch
        {
            "close" => $"{done.Count} closed",
            "drain" => $"{done.Count} draining",
            _ => $"{done.Count} told",
        });
        foreach (string node in done.Silent)
            console.WriteError($"{node} did not answer; whether its connections were reached is not known");
    }
}
