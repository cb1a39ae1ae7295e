using System.Globalization;
using System.Net;
using Actors443.Engine;
using Actors443.Listening;
using Spectre.Console;

namespace Actors443.Server.Cli;

/// <summary>What a person who has just started the server wants to know. Not written where the log is JSON: there only machines read.</summary>
internal sealed record StartupBanner
{
    public required string Version { get; init; }

    public required IReadOnlyList<BoundListenerInfo> Listeners { get; init; }

    /// <summary>Names of the sites; <c>*</c> and wildcards are left out of the address to open.</summary>
    public required IReadOnlyList<string> Sites { get; init; }

    /// <summary>The root of the development CA, if it made a certificate that is served.</summary>
    public string? LocalRoot { get; init; }

    /// <summary>Null: the admin server is off.</summary>
    public string? Admin { get; init; }

    /// <summary>The address to open in a browser; null: nothing speaks https.</summary>
    public string? Address
    {
        get
        {
            if (Listeners.FirstOrDefault(listener => listener.Tls)?.EndPoints is not [{ } endPoint, ..])
                return null;
            string host = IPAddress.IsLoopback(endPoint.Address) || PlainAddress.IsEvery(endPoint.Address)
                ? Sites.FirstOrDefault(site => !site.Contains('*', StringComparison.Ordinal)) ?? "localhost"
                : new IPEndPoint(endPoint.Address, 0).ToString()[..^2];
            return endPoint.Port == 443 ? $"https://{host}/" : string.Create(CultureInfo.InvariantCulture, $"https://{host}:{endPoint.Port}/");
        }
    }

    public void Write(CommandConsole console)
    {
        IAnsiConsole rich = console.Rich;
        rich.MarkupLine($"[bold]Actors443[/] {Markup.Escape(Version)}");
        if (Address is { } address)
            rich.MarkupLine($"  open      [bold blue]{Markup.Escape(address)}[/]");
        foreach (BoundListenerInfo listener in Listeners)
        {
            rich.MarkupLine($"  {(listener.Tls ? "https   " : "redirect")}  {Markup.Escape(string.Join(", ", listener.EndPoints))}");
            if (listener.QuicEndPoints.Count > 0)
                rich.MarkupLine($"  http/3    {Markup.Escape(string.Join(", ", listener.QuicEndPoints))} [dim](UDP)[/]");
            if (listener.FallbackProblem is { } problem)
                rich.MarkupLine($"            [yellow]{Markup.Escape(problem)}[/]");
        }

        if (LocalRoot is not null)
            rich.MarkupLine($"  trust     [dim]actors443 trust --install[/], or curl --cacert {Markup.Escape(LocalRoot)}");
        if (Admin is not null)
            rich.MarkupLine($"  admin     {Markup.Escape(Admin)} [dim](healthz, readyz, metrics, api/v1)[/]");
        rich.MarkupLine("  stop      Ctrl+C drains; twice stops at once");
    }
}
