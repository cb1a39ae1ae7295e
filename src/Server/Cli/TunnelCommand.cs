using System.CommandLine;
using System.Security.Cryptography;
using Actors443.Configuration.Reading;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 tunnel</c>: the tunnels of the running server, and tokens for accounts.</summary>
internal static class TunnelCommand
{
    private const int TokenBytes = 32;

    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var command = new Command("tunnel", "The near end of tunnels; list and end those of the running server; make a token for an account.")
        {
            TunnelClientCommand.Create(environment),
            CreateList(environment),
            CreateKill(environment),
            CreateToken(environment),
        };
        return (command, """
            Examples:
              actors443 tunnel client https://proxy.example.com --token file:token -L 2222:git.example.com:22
              ssh -o ProxyCommand='actors443 tunnel client https://proxy.example.com --token file:token --stdio %h:%p' git.example.com
              actors443 tunnel list site.conf               who has a tunnel to where, and how much it has carried
              actors443 tunnel kill t7 site.conf            end one of them
              actors443 tunnel token                        a new token, and its hash for the configuration
            """);
    }

    private static Command CreateList(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command("list", "List the open tunnels: account, client, target, bytes.") { json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => AdminCommand.AskAsync(source, arguments, environment, async client =>
        {
            TunnelReport[] tunnels = await client.ListTunnelsAsync(cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(tunnels);
            else
                Write(environment.Console, tunnels);
        }));
        return command;
    }

    private static Command CreateKill(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var id = new Argument<string>("ID") { Description = "Of the tunnel, as 'tunnel list' shows it." };
        var command = new Command("kill", "End a tunnel, whatever is under way in it.") { id };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) =>
            AdminCommand.AskAsync(source, arguments, environment, client => client.KillTunnelAsync(arguments.GetValue(id)!, cancellationToken)));
        return command;
    }

    private static Command CreateToken(CommandEnvironment environment)
    {
        var json = JsonOption.Create();
        var command = new Command("token", "Make a token and its hash. Nothing is kept.") { json };
        command.SetAction(arguments =>
        {
            string token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(TokenBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
            var made = new MadeToken(token, "sha256:" + TunnelSettingsReading.HashOf(token));
            if (arguments.GetValue(json))
            {
                environment.Console.WriteJson(made);
                return ExitCode.Done;
            }

            environment.Console.Output.WriteLine($"token       {made.Token}    (the client's; it is not shown again)");
            environment.Console.Output.WriteLine($"token-hash  {made.TokenHash}    (the configuration's)");
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(CommandConsole console, TunnelReport[] tunnels)
    {
        TextTable table = new TextTable().Left("ID").Left("ACCOUNT").Left("METHOD").Right("AGE").Left("CLIENT").Wrapping("TARGET").Left("ADDRESS").Right("UP").Right("DOWN").Left("CONNECTION");
        foreach (TunnelReport tunnel in tunnels)
        {
            table.Add(
                tunnel.Id,
                tunnel.Account,
                tunnel.Method,
                HumanText.Duration(TimeSpan.FromSeconds(tunnel.AgeSeconds)),
                tunnel.Client,
                tunnel.Target,
                tunnel.Address ?? "-",
                HumanText.Bytes(tunnel.BytesUp),
                HumanText.Bytes(tunnel.BytesDown),
                tunnel.Connection);
        }

        if (tunnels.Length > 0)
            table.Write(console);
        // The count is for people; a pipe gets lines of tunnels alone.
        if (console.IsTerminal || tunnels.Length == 0)
            console.Output.WriteLine(tunnels.Length switch { 0 => "no tunnels", 1 => "1 tunnel", _ => $"{tunnels.Length} tunnels" });
    }

    private sealed record MadeToken(string Token, string TokenHash);
}
