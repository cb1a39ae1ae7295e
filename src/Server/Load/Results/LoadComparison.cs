namespace Actors443.Server.Load.Results;

/// <summary>One figure before and after.</summary>
/// <param name="Group">Empty: of the whole run.</param>
/// <param name="Figure">Its name.</param>
/// <param name="LessIsBetter">Which way is better.</param>
internal sealed record ComparedFigure(string Group, string Figure, double Before, double After, bool LessIsBetter)
{
    public double Ratio => After / Before;
}

/// <summary>A run beside an earlier one: the figures both have, group by group.</summary>
internal static class LoadComparison
{
    public static IReadOnlyList<ComparedFigure> Compare(LoadReport before, LoadReport after)
    {
        var figures = new List<ComparedFigure>();
        foreach (GroupReport group in after.Groups)
        {
            if (before.Groups.FirstOrDefault(other => other.Name == group.Name) is not { } other)
                continue;
            void Add(string name, bool lessIsBetter, Func<GroupTotals, double?> read)
            {
                if (read(other.Totals) is > 0 and double old && read(group.Totals) is { } now)
                    figures.Add(new ComparedFigure(group.Name, name, old, now, lessIsBetter));
            }

            Add("rate", false, totals => totals.Rate);
            Add("p50", true, totals => totals.Latency?.P50);
            Add("p99", true, totals => totals.Latency?.P99);
            Add("p99.9", true, totals => totals.Latency?.P999);
            Add("handshake p50", true, totals => totals.Handshake?.P50);
            Add("handshake p99", true, totals => totals.Handshake?.P99);
            Add("error rate", true, totals => totals.ErrorRate);
            Add("peak sessions", false, totals => totals.PeakOpen);
        }

        if (before.Server is { } oldServer && after.Server is { } server)
        {
            if (oldServer.MemoryPerSessionBytes is > 0 and double oldMemory && server.MemoryPerSessionBytes is { } memory)
                figures.Add(new ComparedFigure("", "server memory per session", oldMemory, memory, true));
            if (oldServer.CpuPerRequest is > 0 and double oldCpu && server.CpuPerRequest is { } cpu)
                figures.Add(new ComparedFigure("", "server CPU per request", oldCpu, cpu, true));
        }

        return figures;
    }
}
