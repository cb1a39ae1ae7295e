using System.CommandLine;
using System.Globalization;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 upgrade</c>: a new process of the installed program takes the place of the running one.</summary>
internal static class UpgradeCommand
{
    // The server says before, by upgrade.ready-within, that it comes to nothing.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command("upgrade", "Replace the running server by the program that is installed now, without refusing a connection.") { json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => AdminCommand.AskAsync(source, arguments, environment, async client =>
        {
            client.Patience = Patience;
            UpgradeReport report = await client.UpgradeAsync(cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(report);
            else
                environment.Console.Output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"process {report.Now} serves; process {report.Before} lets its {report.Connections} connections go, {HumanText.Duration(TimeSpan.FromSeconds(report.DrainDeadlineSeconds))} at most, and ends"));
        }));
        return (command, """
            The new process is started with the words the running one was started with, and is given its
            listening sockets. If it does not come to serve, the running one goes on and this command fails.
            Name the configuration files the server runs with. Signal USR2 does the same.

            Examples:
              actors443 upgrade /etc/actors443/actors443.conf
            """);
    }
}
