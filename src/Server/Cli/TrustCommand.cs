using System.CommandLine;
using Actors443.Certificates;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 trust</c>: the development CA and who trusts it.</summary>
internal static class TrustCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var install = new Option<bool>("--install") { Description = "Add the root to the trust stores of this machine and user." };
        var uninstall = new Option<bool>("--uninstall") { Description = "Take it out of them again." };
        var json = JsonOption.Create();
        var command = new Command("trust", "Show the root of the development CA and how to trust it, or install it.") { install, uninstall, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(install) && result.GetValue(uninstall))
                result.AddError("--install and --uninstall exclude each other; give one of them");
        });
        source.AddTo(command);
        command.SetAction(arguments =>
        {
            if (source.Load(arguments, environment) is not { } settings)
                return ExitCode.BadUsage;
            try
            {
                return Run(environment.LocalTrust(settings), arguments.GetValue(install), arguments.GetValue(uninstall), arguments.GetValue(json), environment.Console);
            }
            catch (CertificateException cause)
            {
                environment.Console.WriteError("actors443: " + cause.Message);
                return ExitCode.Failed;
            }
        });
        return (command, """
            The CA is for development: its key stays in the state directory of this machine, and trusting its root
            lets whoever reads that key pose as any site to you. Take it out when you no longer need it.

            Examples:
              actors443 trust
              actors443 trust --install
              curl --cacert "$(actors443 trust --json | jq -r .root)" https://localhost:8443/
            """);
    }

    private static int Run(ILocalTrust trust, bool install, bool uninstall, bool json, CommandConsole console)
    {
        IReadOnlyList<TrustOutcome> outcomes = install ? trust.Install() : uninstall ? trust.Uninstall() : [];
        if (json)
            console.WriteJson(new TrustReport(trust.RootPath, trust.Fingerprint, trust.NotAfter, outcomes));
        else
            WriteText(trust, outcomes, install || uninstall, console);
        return outcomes.All(outcome => outcome.Done) && (outcomes.Count > 0 || !(install || uninstall)) ? ExitCode.Done : ExitCode.Failed;
    }

    private static void WriteText(ILocalTrust trust, IReadOnlyList<TrustOutcome> outcomes, bool changing, CommandConsole console)
    {
        foreach (TrustOutcome outcome in outcomes)
            (outcome.Done ? console.Output : console.Error).WriteLine($"{outcome.Store}: {outcome.Detail}");
        if (changing)
        {
            if (outcomes.Count == 0)
                console.WriteError("no trust store was found on this machine; give the root to your programs by hand, as 'actors443 trust' shows");
            return;
        }

        console.Output.WriteLine($"""
            root         {trust.RootPath}
            SHA-256      {trust.Fingerprint}
            valid until  {trust.NotAfter:yyyy-MM-dd}

            curl         curl --cacert {trust.RootPath} https://localhost/
            this machine actors443 trust --install
            """);
    }

    private sealed record TrustReport(string Root, string Fingerprint, DateTimeOffset NotAfter, IReadOnlyList<TrustOutcome> Stores);
}
