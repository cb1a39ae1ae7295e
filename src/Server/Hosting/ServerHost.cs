using System.Net;
using Actors443.Certificates;
using Actors443.Cluster;
using Actors443.Cluster.Generations;
using Actors443.Configuration;
using Actors443.Hosting;
using Actors443.Listening.Handover;
using Actors443.Server.AccessLogs;
using Actors443.Server.Admin;
using Actors443.Server.Admin.Audit;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Generations;
using Actors443.Server.Applying.Planning;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Actors443.Server.Hosting.Upgrades;
using Actors443.Server.Sites;
using Actors443.Server.Telemetry;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Hosting;
using OpenTelemetry.Metrics;

namespace Actors443.Server.Hosting;

/// <summary>Puts the executable together and runs it: actor system, sites, admin server, telemetry, reload, stop.</summary>
internal static class ServerHost
{
    /// <summary>Serves until <paramref name="stop"/> is cancelled or the admin API asks for a drain. Answers the exit code.</summary>
    public static Task<int> ServeAsync(ServerStart start, CancellationToken stop) => ServeAsync(start, static _ => { }, stop);

    /// <summary>As the other, for whoever wants to see inside.</summary>
    /// <param name="start">What it is started with.</param>
    /// <param name="served">Told when everything is served, with the services of the server.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task<int> ServeAsync(ServerStart start, Action<IServiceProvider> served, CancellationToken stop)
    {
        Predecessor predecessor;
        try
        {
            predecessor = await ParentProcess.MeetAsync(stop);
        }
        catch (UpgradeException problem)
        {
            start.Console.WriteError(problem.Message);
            return ExitCode.Failed;
        }

        var configuration = new ClusterConfiguration(takesPart: start.Settings.Core.Cluster.Enabled);
        var overlay = new ClusterOverlay();
        start = GenerationStart.Over(start, configuration, overlay);
        await using WebApplication application = Build(start, predecessor, configuration);
        IServiceProvider services = application.Services;
        ILoggerFactory loggers = services.GetRequiredService<ILoggerFactory>();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var manager = new ServiceManager();
        ServerEnvironment environment = services.GetRequiredService<ServerEnvironment>();
        ILogger log = loggers.CreateLogger(LogCategories.Server);
        using var upgrade = new ProcessUpgrade(environment, manager, start.Settings.Upgrade.ReadyWithin, stopping, log);
        var control = ActivatorUtilities.CreateInstance<ServerControl>(services, stopping, upgrade);
        configuration.Attach(ActivatorUtilities.CreateInstance<GenerationHost>(services, overlay));
        AdminServer? admin = null;
        var reload = ActivatorUtilities.CreateInstance<SettingsReload>(services);
        var serving = new TaskCompletionSource();
        // Before anybody can know that we are here: the default action of signals ends the process.
        using var hangup = HangupSignal.Listen(
            async cancellationToken =>
            {
                await serving.Task.WaitAsync(cancellationToken);
                await reload.ReloadAsync(cancellationToken);
            },
            log);
        using var upgradeSignal = UpgradeSignal.Listen(upgrade);
        try
        {
            await services.GetRequiredService<SiteDirectory>().ApplyAsync(start.Settings.Sites, stop);
            if (start.Settings.Admin.Enabled)
            {
                admin = await AdminServer.StartAsync(start.Settings, control, services.GetService<MeterProvider>(), environment.Sockets, services.GetRequiredService<AuditLog>(), loggers, stop);
                upgrade.OnReplaced = admin.StopAccepting;
            }

            await application.StartAsync(stop);
        }
        catch (Exception problem) when (problem is ServerStartException or AdminException or Tls.ClientCaException)
        {
            start.Console.WriteError(problem.Message);
            await StopAsync(application, admin);
            return ExitCode.Failed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await StopAsync(application, admin);
            return ExitCode.Done;
        }
        // Whatever was being made of it then fails in its own way.
        catch (Exception) when (IsEnding(services.GetRequiredService<ActorSystem>()))
        {
            start.Console.WriteError("the actor system has ended while the server started; the log says why");
            await StopAsync(application, admin);
            return ExitCode.Failed;
        }

        WriteBanner(start, services, admin);
        foreach (IPEndPoint left in InheritedSockets.OfProcess.CloseRest())
            log.SocketNotWanted(left);
        using var serves = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        Task told = Task.CompletedTask;
        if (predecessor.Exists)
            await predecessor.TakeOverAsync(stop);
        else
            told = manager.ReadyAsync(environment, $"serving on {string.Join(", ", services.GetRequiredService<Actors443Server>().Listeners.SelectMany(listener => listener.EndPoints))}", serves.Token);
        serving.SetResult();
        served(services);
        await using (reload.Watch())
        {
            var stopAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using CancellationTokenRegistration registration = stopping.Token.Register(() => stopAsked.TrySetResult());
            using CancellationTokenRegistration lifetime = application.Lifetime.ApplicationStopping.Register(() => stopAsked.TrySetResult());
            await stopAsked.Task;
        }

        await serves.CancelAsync();
        await told;
        // Else it would have the whole service stopped.
        if (!environment.Lifecycle.IsReplaced)
            manager.Stopping();
        await StopAsync(application, admin);
        // Whoever started it starts it again then.
        return services.GetRequiredService<ServerLifecycle>().Membership == ClusterMembership.Removed ? ExitCode.Failed : ExitCode.Done;
    }

    private const string SystemName = "actors443";

    // Akka's timer thread would wake a hundred times a second, and cost more than ten thousand idle connections do.
    private const string OwnActorSystem = "akka.scheduler.tick-duration = 100ms";

    /// <summary>The application with everything registered and nothing started.</summary>
    /// <param name="start">What it is started with.</param>
    /// <param name="predecessor">Whose place it takes.</param>
    /// <param name="configuration">Where it stands with that of its cluster; null: nowhere.</param>
    internal static WebApplication Build(ServerStart start, Predecessor predecessor, ClusterConfiguration? configuration = null)
    {
        ServerSettings settings = start.Settings;
        // Empty: neither environment nor appsettings.json have a say besides our own settings.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "actors443" });
        builder.Logging.AddServerLog(settings.Log, start.Console.ErrorIsTerminal, start.Console.Colour);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.Core.Drain.Deadline + settings.Core.Drain.ReadinessDelay + TimeSpan.FromSeconds(60));
        builder.Services.AddSingleton(predecessor);
        if (configuration is not null)
            builder.Services.AddSingleton(configuration);
        builder.Services.AddActors443(OwnThreads(settings.Core));
        builder.Services.AddAkka(SystemName, (akka, provider) => akka
            .ConfigureLoggers(logging =>
            {
                logging.ClearLoggers();
                logging.AddLoggerFactory();
            })
            .AddHocon(OwnActorSystem, HoconAddMode.Append)
            .WithClusterNode(settings.Core, SystemName, provider.GetRequiredService<ILoggerFactory>())
            .WithActors443(settings.Core));
        builder.Services.AddSites(settings);
        builder.Services.AddSingleton(start);
        builder.Services.AddSingleton<ConfigurationApplier>();
        builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<AuditLog>(provider, settings));
        builder.Services.AddSingleton<ConfigurationPlanner>();
        builder.Services.AddServerTelemetry(settings.Telemetry, prometheus: settings.Admin.Enabled, settings.Core.Https.TraceContext);
        builder.WebHost.UseActors443();
        WebApplication application = builder.Build();
        application.UseSites();
        return application;
    }

    // All that the server itself serves is made not to block.
    private static Actors443Settings OwnThreads(Actors443Settings core) => core.EventLoop.Applications == ApplicationThreads.Auto
        ? core with { EventLoop = core.EventLoop with { Applications = ApplicationThreads.Loop } }
        : core;

    private static bool IsEnding(ActorSystem system) => system.WhenTerminated.IsCompleted || CoordinatedShutdown.Get(system).ShutdownReason is not null;

    private static async Task StopAsync(WebApplication application, AdminServer? admin)
    {
        await application.StopAsync(CancellationToken.None);
        await application.Services.GetRequiredService<AccessLog>().DisposeAsync();
        // Last, so that health checks see the drain to its end.
        if (admin is not null)
            await admin.DisposeAsync();
    }

    private static void WriteBanner(ServerStart start, IServiceProvider services, AdminServer? admin)
    {
        Actors443Server server = services.GetRequiredService<Actors443Server>();
        foreach (string problem in server.CertificateProblems)
            start.Console.WriteError(problem);
        if (start.Settings.Log.Json)
            return;
        bool usesLocalCa = services.GetRequiredService<PublishedCertificates>().Current.Certificates.Any(certificate => certificate.Source == LocalCa.SourceName);
        new StartupBanner
        {
            Version = ServerVersion.Product,
            Listeners = server.Listeners,
            Sites = [.. start.Settings.Sites.Select(site => site.Name)],
            LocalRoot = usesLocalCa ? LocalCa.RootPathIn(LocalCa.FolderIn(start.Settings.Core.StateDirectory)) : null,
            Admin = admin?.Address,
        }.Write(start.Console);
    }
}
