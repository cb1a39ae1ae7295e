using System.CommandLine;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.Admin;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli.Doctor;

/// <summary><c>actors443 doctor</c>: what on this machine keeps the server from working, or will.</summary>
internal static class DoctorCommand
{
    private const string Server = "server";

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command("doctor", "Look for what keeps the server from working on this machine, or will: ports, limits, libraries, kernel, certificates, clock, state.") { json };
        source.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            LoadedSettings loaded = environment.LoadSettings(source.Files(arguments), source.Overrides(arguments));
            Finding[] findings = loaded.Settings is { } settings
                ? [.. loaded.Problems.Select(OfConfiguration), .. await LookAsync(settings, environment, cancellationToken)]
                : [.. loaded.Problems.Select(OfConfiguration)];
            bool ok = findings.All(finding => finding.Grade != FindingGrade.Problem);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(new DoctorReport(ok, findings));
            else
                Write(environment.Console, findings);
            return ok ? ExitCode.Done : ExitCode.Failed;
        });
        return (command, """
            Nothing is changed. Name the configuration files the server runs with, and run this as the user it runs as. Exit code 1 if something does not work.

            Examples:
              actors443 doctor site.conf
              actors443 doctor site.conf --json
            """);
    }

    private static async Task<IReadOnlyList<Finding>> LookAsync(ServerSettings settings, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        (bool isRunning, CertificateListing? live) = await AskServerAsync(settings, findings, cancellationToken);
        DateTimeOffset now = environment.Time.GetUtcNow();
        findings.AddRange(PlatformChecks.Look(settings, environment.MissingQuic()));
        findings.AddRange(PortChecks.Look(settings, environment.Machine, isRunning));
        findings.AddRange(LimitChecks.Look(settings, environment.Machine));
        findings.AddRange(StateChecks.Look(settings, now));
        if (live is null)
        {
            CertificateCheck check = environment.CheckCertificates(settings);
            findings.AddRange(CertificateChecks.Look(check.Problems, check.Certificates, now));
        }
        else
            findings.AddRange(CertificateChecks.Look(live.Problems, live.Certificates, now));
        return findings;
    }

    private static async Task<(bool IsRunning, CertificateListing? Live)> AskServerAsync(ServerSettings settings, List<Finding> findings, CancellationToken cancellationToken)
    {
        if (!settings.Admin.Enabled)
        {
            findings.Add(Finding.Hint(Server, "the admin server is switched off, so whether a server runs is not known", "set actors443.admin.enabled = on"));
            return (false, null);
        }

        try
        {
            using AdminClient client = AdminClient.For(settings);
            ServerStatus status = await client.StatusAsync(cancellationToken);
            findings.Add(status.Mode == Admission.AdmissionMode.Normal
                ? Finding.Good(Server, $"{status.Phase} for {HumanText.Duration(TimeSpan.FromSeconds(status.UptimeSeconds))}, {status.Connections} connections")
                : Finding.Warning(Server, $"it is overloaded: admission is {status.Mode.ToString().ToLowerInvariant()}", "GET /api/v1/admission says what is short"));
            return (true, await client.ListCertificatesAsync(cancellationToken));
        }
        catch (NoServerException)
        {
            findings.Add(Finding.Good(Server, "none runs with this configuration"));
            return (false, null);
        }
        catch (AdminException cause)
        {
            findings.Add(new Finding(Server, FindingGrade.Problem, cause.Message));
            return (false, null);
        }
    }

    private static Finding OfConfiguration(SettingsProblem problem) => new("configuration", problem.Severity == SettingsSeverity.Error ? FindingGrade.Problem : FindingGrade.Warning, problem.ToString());

    private static void Write(CommandConsole console, IReadOnlyList<Finding> findings)
    {
        var table = new TextTable().Left("").Left("CHECK").Wrapping("FOUND");
        foreach (Finding finding in findings.OrderByDescending(finding => finding.Grade))
        {
            (string mark, string? colour) = finding.Grade switch
            {
                FindingGrade.Problem => ("problem", "red"),
                FindingGrade.Warning => ("warning", "yellow"),
                FindingGrade.Hint => ("hint", "blue"),
                _ => ("ok", "green"),
            };
            table.Add(new TextTable.Cell(mark, colour), finding.Check, finding.Fix is null ? finding.Text : $"{finding.Text}. Fix: {finding.Fix}");
        }

        table.Write(console);
    }

    private sealed record DoctorReport(bool Ok, IReadOnlyList<Finding> Findings);
}
