using System.Globalization;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>Runs the clients in this process: an actor system with a loop or more.</summary>
internal sealed class LoadRun(string node) : ILoadRun
{
    /// <summary>Files that are open anyway.</summary>
    private const int OtherFiles = 200;

    private const string Hocon = """
        akka {
          loglevel = WARNING
          stdout-loglevel = OFF
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          scheduler.tick-duration = 10ms
          coordinated-shutdown.run-by-clr-shutdown-hook = off
        }
        """;

    public async Task RunAsync(LoadSettings settings, Action<IntervalSample> sample, CancellationToken stop)
    {
        if (OpenSsl.Missing is { } missing)
            throw new LoadException($"The load tester drives OpenSSL directly: {missing}.");
        if (settings.Groups.Any(group => group is SteadyGroup { Protocol: LoadProtocol.Http3 }) && Http3GroupSupervisor.Missing is { } noHttp3)
            throw new LoadException(noHttp3);
        ClientTarget target = await ClientTarget.ResolveAsync(settings, stop);
        CheckTlsFiles(settings);
        Exception? fault = null;
        ClientLoop[] loops = [.. CreateLoops(settings).Select(loop => new ClientLoop(loop))];
        foreach (ClientLoop loop in loops)
        {
            loop.Loop.OnFault = cause => fault ??= cause;
            loop.Loop.Start();
        }

        using ActorSystem system = ActorSystem.Create("actors443-load", Akka.Configuration.ConfigurationFactory.ParseString(Hocon + LoopExecutor.Hocon));
        try
        {
            var plan = new LoadRunPlan(settings, target, loops, node, sample);
            IActorRef supervisor = system.ActorOf(Props.Create(() => new LoadSupervisor(plan)), "load");
            await using (stop.UnsafeRegister(_ => supervisor.Tell(new EndRun()), null))
            {
                Task first = await Task.WhenAny([plan.Ended.Task, .. loops.Select(loop => loop.Loop.Ended)]);
                await first;
            }
        }
        finally
        {
            await system.Terminate();
            foreach (ClientLoop loop in loops)
            {
                loop.Loop.Stop();
                await loop.Loop.Ended.ContinueWith(static _ => { }, TaskScheduler.Default);
                loop.Loop.Dispose();
                loop.Dispose();
            }
        }

        if (fault is not null)
            throw new LoadException($"The load tester itself failed: {fault.Message}", fault);
    }

    // The files of the settings are read by each loop; what is wrong with them is said once, before anything runs.
    private static void CheckTlsFiles(LoadSettings settings)
    {
        using var check = new ClientTlsContext(settings.Tls, settings.Target.IdnHost, LoadProtocol.Http1);
    }

    private static IEnumerable<EventLoop> CreateLoops(LoadSettings settings)
    {
        int limit = Math.Max(OpenFileLimit() - OtherFiles, 100);
        int sessions = settings.Groups.Sum(group => group.Connections);
        // The limit of open files counts for each table of descriptors: more sessions than one may hold are spread over several.
        bool ownDescriptors = sessions > limit;
        int loops = Math.Max(settings.Loops, (sessions + limit - 1) / limit);
        return Enumerable.Range(0, loops).Select(index => new EventLoop("load-loop-" + index.ToString(CultureInfo.InvariantCulture), ownDescriptors));
    }

    private static int OpenFileLimit()
    {
        string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string[] words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length > 3 && int.TryParse(words[3], CultureInfo.InvariantCulture, out int limit) ? limit : 1_024;
    }
}
