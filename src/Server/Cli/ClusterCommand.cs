using System.CommandLine;
using System.Globalization;
using Actors443.Cluster.Nodes;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 cluster</c>: the nodes, as the running server sees them.</summary>
internal static class ClusterCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command("cluster", "List the nodes of the cluster and how each is.") { json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => AdminCommand.AskAsync(source, arguments, environment, async client =>
        {
            ClusterNodeReport[] nodes = await client.ListNodesAsync(cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(nodes);
            else
                Write(environment.Console, nodes);
        }));
        return (command, """
            Any node can be asked. Name the configuration files it runs with.

            Examples:
              actors443 cluster node-1.conf
              actors443 run --cluster node-1.conf           start a node
            """);
    }

    private static void Write(CommandConsole console, ClusterNodeReport[] nodes)
    {
        if (nodes.Length == 0)
        {
            console.Output.WriteLine("the server is in no cluster; 'actors443 run --cluster' starts a node");
            return;
        }

        TextTable table = new TextTable().Left("NODE").Left("STATUS").Left("VERSION").Left("PHASE").Left("READY").Left("GENERATION").Left("MODE").Right("CONNECTIONS").Right("HANDSHAKES").Right("CERTIFICATES").Right("UPTIME").Wrapping("LISTENS ON");
        foreach (ClusterNodeReport node in nodes)
        {
            string status = node.IsReachable ? node.Status : "unreachable";
            table.Add(
            [
                node.IsThisOne ? node.Name + " *" : node.Name,
                new TextTable.Cell(status, status switch { "up" => "green", "unreachable" or "down" => "red", _ => "yellow" }),
                .. node.Node is { } here
                    ? (TextTable.Cell[])
                    [
                        here.Version, PhaseOf(here), here.Ready ? "yes" : "no", GenerationOf(here), here.Mode, Text(here.Connections), Text(here.Handshakes), Text(here.Certificates),
                        HumanText.Duration(TimeProvider.System.GetUtcNow() - here.StartedAt), string.Join(", ", here.Addresses),
                    ]
                    : ["-", "-", "-", "-", "-", "-", "-", "-", "-", "no answer"],
            ]);
        }

        table.Write(console);
        foreach (ClusterNodeReport node in nodes.Where(node => node.Node?.GenerationProblem is not null))
            console.WriteError($"{node.Name}: {node.Node!.GenerationProblem}");
        if (console.IsTerminal)
            console.Output.WriteLine("* this node");
    }

    // By its own files, if there is none.
    private static TextTable.Cell GenerationOf(NodeStatus node) => node.GenerationProblem is null
        ? new(node.Generation == 0 ? "-" : node.Generation.ToString(CultureInfo.InvariantCulture))
        : new($"{node.Generation}, lags", "red");

    private static string PhaseOf(NodeStatus node) => node.Drain is { Held: > 0 } drain ? $"{node.Phase}, {Text(drain.Held)} wait for {drain.WaitsFor}" : node.Phase;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
