using System.CommandLine;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 dashboard</c>: the link to the dashboard of the running server.</summary>
internal static class DashboardCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command("dashboard", "Print the link to the dashboard of the running server.") { json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => AdminCommand.AskAsync(source, arguments, environment, async client =>
        {
            // A link to a server that does not answer, or does not take the token, is of no use.
            await client.StatusAsync(cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(new { url = client.Dashboard });
            else
                environment.Console.Output.WriteLine(client.Dashboard);
        }));
        return (command, """
            The link brings the admin token along behind the #, which browsers send to no server, and the page takes it out of the address. Whoever has the
            link can do whatever the token allows. From elsewhere, forward the port first: ssh -L 9443:127.0.0.1:9443 HOST

            Examples:
              actors443 dashboard site.conf
              xdg-open "$(actors443 dashboard site.conf)"
            """);
    }
}
