using Actors443.Server.Cli;
using Actors443.Server.Load.Results;

namespace Actors443.Server.Load.Output;

/// <summary>A run in words, at its end.</summary>
internal static class LoadSummary
{
    public static void Write(CommandConsole console, LoadReport report)
    {
        TextWriter output = console.Output;
        output.WriteLine();
        output.WriteLine($"{report.Target}, {report.DurationSeconds:0.#} s{(report.Nodes.Count > 1 ? $", {report.Nodes.Count} load nodes" : "")}");
        output.WriteLine();
        TextTable table = new TextTable().Left("GROUP").Left("MODE").Right("ANSWERS").Right("RATE").Right("P50").Right("P90").Right("P99").Right("P99.9").Right("MAX").Right("ERRORS");
        foreach (GroupReport group in report.Groups)
        {
            Distribution? latency = group.Totals.Latency;
            table.Add(
                group.Name, group.Mode, LoadText.Count(group.Totals.Succeeded), LoadText.Rate(group.Totals.Rate), LoadText.Latency(latency?.P50), LoadText.Latency(latency?.P90),
                LoadText.Latency(latency?.P99), LoadText.Latency(latency?.P999), LoadText.Latency(latency?.Max),
                new TextTable.Cell(LoadText.Count(group.Totals.Errors), group.Totals.Errors > 0 ? "red" : "default"));
        }

        table.Write(console);
        if (report.Groups.Any(group => group.OpenModel))
            output.WriteLine($"Latency of {Names(report.Groups.Where(group => group.OpenModel))} counts from when each request was due (corrected for coordinated omission).");
        output.WriteLine();
        WriteConnections(console, report);
        foreach (ReportedMark mark in report.Groups.SelectMany(group => group.Marks))
            output.WriteLine($"{mark.T,7:0.0} s  {mark.Text}");
        WriteErrors(console, report);
        WriteCosts(output, report);
    }

    public static void WriteComparison(CommandConsole console, IReadOnlyList<ComparedFigure> figures, string before)
    {
        console.Output.WriteLine();
        if (figures.Count == 0)
        {
            console.Output.WriteLine($"Nothing in {before} can be compared: its groups have other names.");
            return;
        }

        TextTable table = new TextTable().Left("COMPARED").Left("FIGURE").Right("BEFORE").Right("NOW").Right("RATIO");
        foreach (ComparedFigure figure in figures)
        {
            bool better = figure.LessIsBetter ? figure.Ratio < 0.97 : figure.Ratio > 1.03;
            bool worse = figure.LessIsBetter ? figure.Ratio > 1.03 : figure.Ratio < 0.97;
            table.Add(
                figure.Group.Length == 0 ? "(run)" : figure.Group, figure.Figure, Value(figure, figure.Before), Value(figure, figure.After),
                new TextTable.Cell($"{figure.Ratio:0.00}", better ? "green" : worse ? "red" : "default"));
        }

        table.Write(console);
    }

    private static void WriteConnections(CommandConsole console, LoadReport report)
    {
        TextTable table = new TextTable().Left("CONNECTIONS").Right("MOST OPEN").Right("FULL").Right("RESUMED").Right("HANDSHAKE P50").Right("P99").Right("RECEIVED").Right("SENT").Right("EVENTS");
        foreach (GroupReport group in report.Groups)
        {
            GroupTotals totals = group.Totals;
            table.Add(
                group.Name, LoadText.Count(totals.PeakOpen), LoadText.Count(totals.FullHandshakes), LoadText.Count(totals.ResumedHandshakes), LoadText.Latency(totals.Handshake?.P50),
                LoadText.Latency(totals.Handshake?.P99), HumanText.Bytes(totals.BytesReceived), HumanText.Bytes(totals.BytesSent), LoadText.Count(totals.Events));
        }

        table.Write(console);
    }

    private static void WriteErrors(CommandConsole console, LoadReport report)
    {
        if (!report.Groups.Any(group => group.Errors.Count > 0))
            return;
        console.Output.WriteLine();
        TextTable table = new TextTable().Left("ERROR").Left("GROUP").Right("COUNT").Left("MEANS");
        foreach ((GroupReport group, ReportedError error) in report.Groups.SelectMany(group => group.Errors.Select(error => (group, error))))
            table.Add(new TextTable.Cell(error.Text, "red"), group.Name, LoadText.Count(error.Count), Meaning(error));
        table.Write(console);
    }

    private static void WriteCosts(TextWriter output, LoadReport report)
    {
        output.WriteLine();
        if (report.Server is { } server)
        {
            ServerPoint? last = server.Series.Count > 0 ? server.Series.MaxBy(point => point.MemoryBytes) : null;
            string memory = server.MemoryPerSessionBytes is { } bytes ? $", {HumanText.Bytes((long)bytes)} a session" : "";
            string cpu = server.CpuPerRequest is { } cost ? $", {LoadText.Cost(cost)} of CPU an answer" : "";
            output.WriteLine($"Server ({server.Name}): {HumanText.Bytes(last?.MemoryBytes ?? 0)} at most{memory}{cpu}.");
        }

        if (report.Load.CpuPerRequest is { } own)
            output.WriteLine($"The load itself: {LoadText.Cost(own)} of CPU an answer.");
    }

    private static string Meaning(ReportedError error) => error.Kind switch
    {
        "refused" => "nobody listens there, or the listener's queue is full",
        "unreachable" => "no way to the target from here",
        "local_limit" when error.Detail == "ports" => "this machine is out of ports: more --source-addresses, or more load nodes",
        "local_limit" when error.Detail == "files" => "this process may open no more files: raise ulimit -n",
        "local_limit" => "this machine is at its own limit",
        "tls_alert" => "the server ended the handshake with this alert",
        "tls" => "TLS failed on this side",
        "timeout" => "nothing came within the timeout",
        "reset" => "the server reset the connection",
        "closed" => "the server closed, owing an answer",
        "http_status" => "the answer's status",
        "http2" => "the server ended the stream or the connection",
        _ => "not what the protocol allows",
    };

    private static string Value(ComparedFigure figure, double value) => figure.Figure switch
    {
        "rate" => LoadText.Rate(value),
        "error rate" => LoadText.Share(value),
        "peak sessions" => LoadText.Count(value),
        "server memory per session" => HumanText.Bytes((long)value),
        "server CPU per request" => LoadText.Cost(value),
        _ => LoadText.Latency(value),
    };

    private static string Names(IEnumerable<GroupReport> groups) => string.Join(", ", groups.Select(group => group.Name));
}
