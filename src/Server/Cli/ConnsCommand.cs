using System.CommandLine;
using System.Globalization;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 conns</c>: the live connections of the running server.</summary>
internal static class ConnsCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        Option<ConnectionOrder?> sort = Sort();
        var state = Choice<ConnectionState>("--state", "Only those in this state.");
        var sni = new Option<string?>("--sni") { Description = "Only those for this server name; *.example.com for all names under it.", HelpName = "name" };
        Option<int> limit = Limit();
        var json = JsonOption.Create();
        var command = new Command("conns", "List the live connections of the running server: state, age, SNI, requests, bytes.") { sort, state, sni, limit, json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => ListAsync(
            source,
            arguments,
            environment,
            new ConnectionQuery
            {
                Order = arguments.GetValue(sort) ?? ConnectionOrder.Age,
                State = arguments.GetValue(state),
                ServerName = arguments.GetValue(sni),
                Limit = arguments.GetValue(limit),
            },
            arguments.GetValue(json),
            cancellationToken));
        command.Add(ConnsWhereCommand.Create(environment));
        return (command, """
            Name the configuration files the server runs with, so that its admin address and token are found.

            Examples:
              actors443 conns
              actors443 conns --sort bytes --limit 20
              actors443 conns site.conf --state handshaking --sni '*.example.com' --json
              actors443 conns where 'principal = alice and age > 1h'
              actors443 conns where 'address = 203.0.113.0/24' --close
            """);
    }

    /// <summary>Asks the running server and writes what it answers.</summary>
    public static Task<int> ListAsync(SettingsSource source, ParseResult arguments, CommandEnvironment environment, ConnectionQuery query, bool json, CancellationToken cancellationToken) =>
        AdminCommand.AskAsync(source, arguments, environment, async client => Write(environment.Console, await client.ListConnectionsAsync(query, cancellationToken), json));

    public static Option<ConnectionOrder?> Sort() => Choice<ConnectionOrder>("--sort", "What comes first: the oldest, or the ones with the most requests or bytes.");

    public static Option<int> Limit() => LimitOption.Create("How many to list", ConnectionQuery.DefaultLimit, ConnectionQuery.MaximumLimit);

    private static Option<T?> Choice<T>(string name, string description)
        where T : struct, Enum => new(name)
        {
            Description = description,
            HelpName = string.Join('|', ConnectionQuery.Names<T>()),
            CustomParser = argument =>
            {
                if (ConnectionQuery.TryParseName(argument.Tokens[0].Value, out T value))
                    return value;
                argument.AddError($"{name} {argument.Tokens[0].Value} is not known; give one of {string.Join(", ", ConnectionQuery.Names<T>())}");
                return null;
            },
        };

    private static void Write(CommandConsole console, ConnectionPage page, bool json)
    {
        if (json)
        {
            console.WriteJson(page);
            return;
        }

        TextTable table = new TextTable().Left("ID").Left("STATE").Right("AGE").Right("IDLE").Left("CLIENT").Wrapping("SNI").Left("PROTOCOL").Left("TLS")
            .Right("REQUESTS").Right("NOW").Right("IN").Right("OUT");
        bool areNodes = page.Connections.Any(connection => connection.Node is not null);
        if (areNodes)
            table.Left("NODE");
        bool arePrincipals = page.Connections.Any(connection => connection.Principal is not null);
        if (arePrincipals)
            table.Left("PRINCIPAL");
        bool areRouted = page.Connections.Any(connection => connection.Route is not null);
        if (areRouted)
            table.Left("ROUTE").Left("UPSTREAM");
        foreach (ConnectionReport connection in page.Connections)
        {
            table.Add(
            [
                connection.Id,
                new TextTable.Cell(connection.State, connection.State switch { "open" => "green", "draining" => "yellow", _ => "blue" }),
                HumanText.Duration(TimeSpan.FromSeconds(connection.AgeSeconds)),
                HumanText.Duration(TimeSpan.FromSeconds(connection.IdleSeconds)),
                connection.Remote,
                connection.ServerName ?? "-",
                connection.ApplicationProtocol ?? "-",
                connection.TlsVersion is { } version ? version + (connection.Resumed == true ? " resumed" : "") : "-",
                connection.Requests.ToString(CultureInfo.InvariantCulture),
                connection.RequestsInFlight.ToString(CultureInfo.InvariantCulture),
                HumanText.Bytes(connection.BytesRead),
                HumanText.Bytes(connection.BytesWritten),
                .. areNodes ? (TextTable.Cell[])[connection.Node ?? "-"] : [],
                .. arePrincipals ? (TextTable.Cell[])[connection.Principal ?? "-"] : [],
                .. areRouted ? (TextTable.Cell[])[connection.Route ?? "-", connection.Upstream ?? "-"] : [],
            ]);
        }

        if (page.Connections.Count > 0)
            table.Write(console);
        foreach (string node in page.Silent)
            console.WriteError($"{node} did not answer; what it has is missing here");
        // The count is for people; a pipe gets lines of connections alone.
        if (console.IsTerminal || page.Connections.Count == 0)
            console.Output.WriteLine(Footer(page));
        else if (page.Connections.Count < page.Matched)
            console.WriteError(Footer(page));
    }

    private static string Footer(ConnectionPage page) => page switch
    {
        { Total: 0 } => "no connections",
        { Matched: 0 } => $"none of {page.Total} connections matches",
        _ when page.Connections.Count < page.Matched => $"{page.Connections.Count} of {page.Matched} shown; --limit shows more",
        _ when page.Matched < page.Total => $"{page.Matched} of {page.Total} connections",
        _ => page.Total == 1 ? "1 connection" : $"{page.Total} connections",
    };
}
