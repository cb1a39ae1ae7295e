using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Actors443.Connections.Directory;
using Actors443.Connections.History;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 why 203.0.113.9</c>: why connections have ended, and who was refused, on every node.</summary>
internal static class WhyCommand
{
    private const string Everybody = "all";
    private const string Time = "yyyy-MM-dd HH:mm:ss'Z'";

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var subject = new Argument<HistorySubject>("CLIENT")
        {
            Description = "An address, a network, or a connection's id as conns and the log show it; all: everybody.",
            CustomParser = ReadSubject,
        };
        Option<int> limit = LimitOption.Create("How many ends to tell of", HistoryQuery.DefaultLimit, HistoryQuery.MaximumLimit);
        var json = JsonOption.Create();
        var source = new SettingsSource();
        var command = new Command("why", "Tell why a client's connections ended or were refused within the last hour, what happened before, and what to do.") { subject, limit, json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => AdminCommand.AskAsync(source, arguments, environment, async client =>
        {
            HistorySubject who = arguments.GetRequiredValue(subject);
            ConnectionHistory history = await client.HistoryAsync(new HistoryQuery(who, arguments.GetValue(limit)), cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(history);
            else
                Write(environment.Console, who, history);
        }));
        return (command, """
            Nothing has to be switched on for it: every connection keeps its last events, and its end is remembered unless client or HTTP ended it in order
            (obituaries { } says how long).

            Examples:
              actors443 why 203.0.113.9                     a client that complains
              actors443 why 2001:db8::/64 --limit 3
              actors443 why c5                              one connection, by its id
              actors443 why all                             what ends connections here
            """);
    }

    private static HistorySubject? ReadSubject(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (text == Everybody)
            return HistorySubject.All;
        if (text.Length == 0)
            argument.AddError("CLIENT is empty; write an address, a network, the id of a connection, or all");
        else if (HistorySubject.TryParse(text, out HistorySubject? subject, out string? problem))
            return subject;
        else
            argument.AddError(problem);
        return null;
    }

    private static void Write(CommandConsole console, HistorySubject subject, ConnectionHistory history)
    {
        TextWriter output = console.Output;
        output.WriteLine(Summary(subject, history));
        if (subject == HistorySubject.All && history.Reasons.Count > 0)
        {
            output.WriteLine();
            TextTable reasons = new TextTable().Right("ENDS").Left("REASON").Left("MEANING");
            foreach (ReasonCount reason in history.Reasons)
                reasons.Add(reason.Count.ToString(CultureInfo.InvariantCulture), reason.Reason, reason.Meaning);
            reasons.Write(console);
        }

        foreach (RefusedClient refused in history.Refused)
            WriteRefused(output, refused);
        foreach (EndedConnection ended in history.Ended)
            WriteEnded(output, ended);
        foreach (string node in history.Silent)
            console.WriteError($"{node} did not answer; what it remembers is missing here");
    }

    private static string Summary(HistorySubject subject, ConnectionHistory history)
    {
        string who = subject == HistorySubject.All ? "Everybody" : subject.Text;
        string ended = history.Matched switch
        {
            0 => "nothing is remembered",
            1 => "1 end is remembered",
            _ => $"{history.Matched} ends are remembered",
        };
        string shown = history.Matched > history.Ended.Count ? $", the last {history.Ended.Count} follow" : "";
        string forgotten = history.Forgotten > 0 ? $"; {history.Forgotten} earlier ones are forgotten" : "";
        return $"{who}: {ended} of the last {HumanText.Duration(TimeSpan.FromSeconds(history.KeptSeconds))}{shown}{forgotten}; {history.Open} open now";
    }

    private static void WriteRefused(TextWriter output, RefusedClient refused)
    {
        output.WriteLine();
        string times = refused.Count == 1 ? $"once, {At(refused.Last)}" : $"{refused.Count} times, {At(refused.First)} to {At(refused.Last)}";
        output.WriteLine($"{refused.Client} refused before TLS {times}{OnNode(refused.Node)}: {refused.Reason}");
        output.WriteLine($"  {refused.Meaning}");
        if (refused.BannedForSeconds is { } seconds)
            output.WriteLine($"  Still banned for {HumanText.Duration(TimeSpan.FromSeconds(seconds))}.");
        if (refused.Advice is not null)
            output.WriteLine($"  {refused.Advice}");
    }

    private static void WriteEnded(TextWriter output, EndedConnection ended)
    {
        ConnectionReport last = ended.Last;
        output.WriteLine();
        output.WriteLine($"{At(ended.EndedAt)}  {last.Id} of {last.Remote}{OnNode(last.Node)}: {ended.Reason}, by the {ended.By} after {HumanText.Duration(TimeSpan.FromSeconds(last.AgeSeconds))}");
        output.WriteLine($"  {ended.Meaning}{(ended.Detail is null ? "" : $" {char.ToUpperInvariant(ended.Detail[0])}{ended.Detail[1..]}.")}");
        if (ended.Advice is not null)
            output.WriteLine($"  {ended.Advice}");
        output.WriteLine($"  {string.Join(", ", Facts(last))}");
        output.WriteLine($"  {string.Join(" → ", ended.Events.Select(happened => $"{happened.Event}{(happened.Detail is null ? "" : $" ({happened.Detail})")} +{happened.AfterMs} ms"))}");
    }

    private static IEnumerable<string> Facts(ConnectionReport last)
    {
        yield return last.Listener;
        if (last.Proxy is not null)
            yield return $"by the proxy {last.Proxy}";
        yield return last.ServerName is null ? "no SNI" : $"SNI {last.ServerName}";
        if (last.TlsVersion is not null)
            yield return $"TLS {last.TlsVersion}{(last.Resumed == true ? " resumed" : "")} {last.CipherSuite}";
        if (last.ApplicationProtocol is not null)
            yield return last.ApplicationProtocol;
        if (last.ClientCertificate is not null)
            yield return $"client certificate {last.ClientCertificate}";
        if (last.Principal is not null)
            yield return $"principal {last.Principal}";
        if (last.Route is not null)
            yield return $"route {last.Route}{(last.Upstream is null ? "" : $" to {last.Upstream}")}";
        if (last.Ja4 is not null)
            yield return $"JA4 {last.Ja4}";
        yield return $"{last.Requests} requests";
        yield return $"{HumanText.Bytes(last.BytesRead)} in";
        yield return $"{HumanText.Bytes(last.BytesWritten)} out";
    }

    private static string OnNode(string? node) => node is null ? "" : $" on {node}";

    private static string At(DateTimeOffset time) => time.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture);
}
