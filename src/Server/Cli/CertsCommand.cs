using System.CommandLine;
using System.Globalization;
using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Server.Admin;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 certs</c>: what is served, as the running server has it, else as the files have it.</summary>
internal static class CertsCommand
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var expiring = new Option<TimeSpan?>("--expiring")
        {
            Description = "Only those that expire within this time: 30d, 12h, 2w.",
            HelpName = "time",
            CustomParser = argument =>
            {
                if (HumanText.TryParseDuration(argument.Tokens[0].Value, out TimeSpan time))
                    return time;
                argument.AddError($"--expiring {argument.Tokens[0].Value} is not a time; write a number and w, d, h, m or s, such as --expiring 30d");
                return null;
            },
        };
        var json = JsonOption.Create();
        var command = new Command("certs", "List the certificates: names, issuer, expiry, where they come from.") { expiring, json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => RunAsync(source, arguments, arguments.GetValue(expiring), arguments.GetValue(json), environment, cancellationToken));
        command.Add(CertificateOrderCommands.CreateRenew(environment));
        command.Add(CertificateOrderCommands.CreateWhy(environment));
        return (command, """
            Asks the server that runs with this configuration. If none runs, the configured files are looked at instead.

            Examples:
              actors443 certs
              actors443 certs site.conf --expiring 30d
              actors443 certs site.conf --json
              actors443 certs why example.com site.conf
              actors443 certs renew example.com site.conf
            """);
    }

    private static async Task<int> RunAsync(
        SettingsSource source, ParseResult arguments, TimeSpan? expiring, bool json, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        if (source.Load(arguments, environment) is not { } settings)
            return ExitCode.BadUsage;
        CertificateListing listing = await FindAsync(settings, environment, cancellationToken);
        DateTimeOffset now = environment.Time.GetUtcNow();
        CertificateInfo[] certificates = [.. listing.Certificates
            .Where(certificate => expiring is null || certificate.NotAfter - now < expiring)
            .OrderBy(certificate => certificate.NotAfter)];
        foreach (string problem in listing.Problems)
            environment.Console.WriteError(problem);
        if (json)
            environment.Console.WriteJson(listing with { Certificates = certificates });
        else
            WriteText(environment.Console, certificates, listing, expiring, now);
        return listing.Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<CertificateListing> FindAsync(ServerSettings settings, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        if (settings.Admin.Enabled)
        {
            try
            {
                using AdminClient client = AdminClient.For(settings);
                return await client.ListCertificatesAsync(cancellationToken);
            }
            catch (NoServerException)
            {
                environment.Console.WriteError("no server runs with this configuration; these are the certificates of its files");
            }
            catch (AdminException cause)
            {
                environment.Console.WriteError($"the running server cannot be asked, so these are the certificates of the files: {cause.Message}");
            }
        }

        CertificateCheck found = environment.CheckCertificates(settings);
        if (found.LocalNames.Count > 0)
            environment.Console.WriteError($"the server would take certificates of the local CA for {string.Join(", ", found.LocalNames)}");
        return new CertificateListing(Live: false, found.Certificates, found.Problems);
    }

    private static string Describe(CanaryStatus canary) => canary.State switch
    {
        CanaryState.Trying => string.Create(CultureInfo.InvariantCulture, $"shown to {canary.Share * 100:0.##}% of the clients"),
        CanaryState.Promoted => "shown to all",
        _ => "rolled back",
    };

    private static void WriteText(CommandConsole console, CertificateInfo[] certificates, CertificateListing listing, TimeSpan? expiring, DateTimeOffset now)
    {
        if (certificates.Length == 0)
        {
            console.Output.WriteLine(expiring is { } within && listing.Certificates.Count > 0
                ? $"none of {listing.Certificates.Count} expires within {HumanText.Duration(within)}"
                : "no certificates");
            return;
        }

        TextTable table = new TextTable().Wrapping("NAMES").Left("EXPIRES").Right("LEFT").Left("KEY").Wrapping("ISSUER").Wrapping("SOURCE");
        // Nobody who has no certificates by ACME needs to read of their renewal.
        bool renewals = Array.Exists(certificates, certificate => certificate.NextRenewal is not null);
        if (renewals)
            table = table.Left("RENEWAL").Right("GENERATION");
        foreach (CertificateInfo certificate in certificates)
        {
            TimeSpan left = certificate.NotAfter - now;
            string style = left <= TimeSpan.Zero ? "red" : left < Soon ? "yellow" : "green";
            TextTable.Cell[] cells =
            [
                string.Join(' ', certificate.Names),
                Date(certificate.NotAfter),
                new TextTable.Cell(left <= TimeSpan.Zero ? "expired" : HumanText.Duration(left), style),
                certificate.Key,
                certificate.Issuer,
                certificate.Source,
            ];
            TextTable.Cell[] renewal = [certificate.NextRenewal is { } next ? Date(next) : "", certificate.Generation?.ToString(CultureInfo.InvariantCulture) ?? ""];
            table.Add(renewals ? [.. cells, .. renewal] : cells);
        }

        table.Write(console);
        foreach (CanaryStatus canary in new[] { listing.Canary, listing.PolicyCanary }.OfType<CanaryStatus>())
            console.Output.WriteLine($"{Environment.NewLine}canary: {string.Join(' ', canary.Names)}, {Describe(canary)}, since {Date(canary.Since)}: {canary}");
    }

    private static string Date(DateTimeOffset date) => date.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
