using System.CommandLine;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 check</c>: is the configuration good, and are its certificates?</summary>
internal static class CheckCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command("check", "Check the configuration and its certificates, without serving anything.") { json };
        source.AddTo(command);
        command.SetAction(arguments => Check(source, arguments, arguments.GetValue(json), environment));
        return (command, """
            Every problem is one line, 'file:line: setting: what is wrong; what to write instead'. Exit code 2 if there is one.

            Examples:
              actors443 check site.conf
              actors443 check base.conf site.conf --set https.tls=modern
              actors443 check site.conf --json
            """);
    }

    private static int Check(SettingsSource source, ParseResult arguments, bool json, CommandEnvironment environment)
    {
        LoadedSettings loaded = environment.LoadSettings(source.Files(arguments), source.Overrides(arguments));
        CertificateCheck found = loaded.Settings is { } settings ? environment.CheckCertificates(settings) : new CertificateCheck([], [], []);
        string? noQuic = loaded.Settings?.Core.Https.Http3 is Http3Mode.Auto or Http3Mode.On ? environment.MissingQuic() : null;
        if (noQuic is not null && loaded.Settings!.Core.Https.Http3 == Http3Mode.On)
            found = found with { Problems = [.. found.Problems, $"https.http3 = on: {noQuic}"] };
        bool ok = loaded.Settings is not null && found.Problems.Count == 0;
        if (json)
            environment.Console.WriteJson(new CheckReport(ok, [.. loaded.Problems.Select(problem => problem.ToString()), .. found.Problems], loaded.Settings is null ? null : Summarize(loaded.Settings, found, noQuic)));
        else
            WriteText(environment.Console, loaded, found, noQuic, ok);
        return ok ? ExitCode.Done : ExitCode.BadUsage;
    }

    private static void WriteText(CommandConsole console, LoadedSettings loaded, CertificateCheck found, string? noQuic, bool ok)
    {
        foreach (string problem in loaded.Problems.Select(problem => problem.ToString()).Concat(found.Problems))
            console.WriteError(problem);
        if (!ok)
            return;
        CheckSummary summary = Summarize(loaded.Settings!, found, noQuic);
        console.Output.WriteLine($"ok: {HumanText.Count(summary.Sites.Count, "site")} on {string.Join(", ", summary.Https)}, "
            + $"{HumanText.Count(summary.Certificates, "certificate")} from files{(summary.LocalNames.Count == 0 ? "" : $", the local CA for {string.Join(", ", summary.LocalNames)}")}; TLS policy {summary.TlsPolicy}");
        if (noQuic is not null)
            console.Output.WriteLine($"hint: no HTTP/3 here: {noQuic}");
    }

    private static CheckSummary Summarize(ServerSettings settings, CertificateCheck found, string? noQuic) => new(
        [.. settings.Sites.Select(site => site.Name)],
        [.. settings.Core.Https.Bind.Select(endPoint => endPoint.ToString())],
        settings.Core.Http.Enabled ? [.. settings.Core.Http.Bind.Select(endPoint => endPoint.ToString())] : [],
        settings.Core.Https.Tls.ToString().ToLowerInvariant(),
        found.Certificates.Count,
        found.LocalNames,
        settings.Core.Https.Http3 != Http3Mode.Off && noQuic is null);

    private sealed record CheckReport(bool Ok, IReadOnlyList<string> Problems, CheckSummary? Summary);

    private sealed record CheckSummary(
        IReadOnlyList<string> Sites, IReadOnlyList<string> Https, IReadOnlyList<string> Http, string TlsPolicy, int Certificates, IReadOnlyList<string> LocalNames, bool Http3);
}
