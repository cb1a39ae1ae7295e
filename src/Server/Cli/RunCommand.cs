using System.CommandLine;
using Actors443.Server.Admin;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 run</c>: serve until a signal says stop.</summary>
internal static class RunCommand
{
    public static (Command Command, string Notes) Create(string name, CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var command = new Command(name, "Serve. Without a file: a built-in page, with certificates made on this machine.");
        var cluster = new Option<bool>("--cluster") { Description = "As a node of the cluster that the settings describe: the same as --set cluster.enabled=on." };
        source.AddTo(command);
        command.Add(cluster);
        command.SetAction((arguments, cancellationToken) => RunAsync(source, arguments, arguments.GetValue(cluster), environment, cancellationToken));
        return (command, """
            Examples:
              actors443 run
              actors443 run /etc/actors443/site.conf
              actors443 run base.conf site.conf --set log.level=debug
              actors443 run --set https.bind=127.0.0.1:8443 --set http.enabled=off
              actors443 run --cluster node-1.conf

            Signals: TERM and INT drain and stop (a second one stops at once); HUP reads the
            configuration again and reopens the access log.
            The log goes to standard error; the access log, unless it has a file, to standard output.
            """);
    }

    private static async Task<int> RunAsync(SettingsSource source, ParseResult arguments, bool cluster, CommandEnvironment environment, CancellationToken cancellationToken)
    {
        (IReadOnlyList<string> files, IReadOnlyList<string> overrides) = (source.Files(arguments), source.Overrides(arguments));
        if (cluster)
            overrides = [.. overrides, "cluster.enabled=on"];
        LoadedSettings loaded = SettingsSource.LoadAndReport(files, overrides, environment);
        if (loaded.Settings is null)
            return ExitCode.BadUsage;
        var start = new ServerStart
        {
            Files = files,
            Overrides = overrides,
            Loaded = loaded,
            Reload = () => environment.LoadSettings(files, overrides),
            Console = environment.Console,
        };
        using var signals = StopSignals.Listen(cancellationToken);
        try
        {
            return await environment.Serve(start, signals.Token);
        }
        catch (AdminException cause)
        {
            environment.Console.WriteError("actors443: " + cause.Message);
            return ExitCode.Failed;
        }
    }
}
