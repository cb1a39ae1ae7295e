using Actors443.Server.Applying.Planning;
using Spectre.Console;

namespace Actors443.Server.Cli;

/// <summary>A plan for people: a line for each change, with how many connections it concerns.</summary>
internal static class PlanText
{
    public static void Write(CommandConsole console, PlanReport plan)
    {
        foreach (string warning in plan.Warnings)
            console.WriteError(warning);
        if (!plan.HasChanges)
        {
            console.Output.WriteLine($"no changes: it is what runs ({plan.BasedOn})");
            return;
        }

        console.Output.WriteLine($"plan {plan.Plan}");
        foreach (PlannedSite site in plan.Sites)
            Write(console, site.Change, $"site {site.Name}{(site.What.Count == 0 ? "" : ": " + string.Join(", ", site.What))}", Describe(site));
        foreach (PlannedRoute route in plan.Routes)
            Write(console, route.Change, $"route {route.Name}", route.Change == PlannedChange.Added ? "" : $"{HumanText.Count(route.Connections, "connection")}, {route.Drained} drained");
        foreach (PlannedCertificate certificate in plan.Certificates)
            Write(console, certificate.Change, $"certificate {string.Join(", ", certificate.Names)} ({certificate.Source})", $"{HumanText.Count(certificate.Connections, "connection")}, none touched");
        foreach (PlannedLimit limit in plan.Limits)
            Write(console, PlannedChange.Changed, $"limit {limit.Key} {limit.From} -> {limit.To}", limit.Exceeding == 0 ? "nothing is beyond it" : $"{limit.Exceeding} beyond it, which {limit.Effect}");
        foreach (PlannedListener listener in plan.Listeners)
            Write(console, listener.Change, $"listener {listener.Name} at the next start{Addresses(listener)}", $"{HumanText.Count(listener.Connections, "connection")} on it now");
        if (plan.LiveKeys.Count > 0)
            console.Output.WriteLine($"  at once: {string.Join(", ", plan.LiveKeys)}");
        if (plan.RestartKeys.Count > 0)
            console.Output.WriteLine($"  at the next start: {string.Join(", ", plan.RestartKeys)}");
        console.Output.WriteLine($"{plan.Drained} of {HumanText.Count(plan.Connections, "connection")} drained, {plan.Connections - plan.Drained} not touched; {HumanText.Count(plan.TunnelsEnded, "tunnel")} ended");
    }

    private static string Describe(PlannedSite site)
    {
        if (site.Change == PlannedChange.Added)
            return "";
        string upgraded = site.Upgraded == 0 ? "" : $" ({site.Upgraded} of them WebSockets or tunnels)";
        string stay = site.Connections == site.Drained ? "" : "; the others go on, new requests by the new settings";
        return $"{HumanText.Count(site.Connections, "connection")}{upgraded}, {site.Drained} drained{stay}";
    }

    private static string Addresses(PlannedListener listener) =>
        string.Concat(listener.NewAddresses.Select(address => " +" + address)) + string.Concat(listener.GoneAddresses.Select(address => " -" + address));

    private static void Write(CommandConsole console, PlannedChange change, string what, string effect)
    {
        (string sign, string colour) = change switch
        {
            PlannedChange.Added => ("+", "green"),
            PlannedChange.Removed => ("-", "red"),
            _ => ("~", "yellow"),
        };
        console.Rich.MarkupLine($"  [{colour}]{sign}[/] {Markup.Escape(what)}{(effect.Length == 0 ? "" : "  " + Markup.Escape(effect))}");
    }
}
