using System.CommandLine;
using System.Globalization;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 certs renew NAME</c> and <c>actors443 certs why NAME</c>: orders of certificates by ACME, in the running server.</summary>
internal static class CertificateOrderCommands
{
    public static Command CreateRenew(CommandEnvironment environment) => Create(
        "renew",
        "Order a new certificate for a name now, whatever was planned.",
        environment,
        (client, name, stop) => client.RenewCertificateAsync(name, stop),
        static (console, report) => console.Output.WriteLine(report.Message));

    public static Command CreateWhy(CommandEnvironment environment) => Create(
        "why",
        "Tell the story of a name's orders: what was done, what the CA said, what comes next.",
        environment,
        (client, name, stop) => client.ExplainCertificateAsync(name, stop),
        static (console, story) =>
        {
            console.Output.WriteLine($"{string.Join(", ", story.Names)}: {story.Summary}");
            foreach (StoryReport.Line line in story.Lines)
                console.Output.WriteLine($"  {line.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)}  {line.Text}");
        });

    private static Command Create<T>(
        string word, string description, CommandEnvironment environment, Func<AdminClient, string, CancellationToken, Task<T>> ask, Action<CommandConsole, T> write)
    {
        var name = new Argument<string>("NAME") { Description = "A name that the certificate covers." };
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command(word, description) { name, json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => AdminCommand.AskAsync(source, arguments, environment, async client =>
        {
            T report = await ask(client, arguments.GetRequiredValue(name), cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(report);
            else
                write(environment.Console, report);
        }));
        return command;
    }
}
