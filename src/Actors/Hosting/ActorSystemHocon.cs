using System.Globalization;
using Actors443.Cluster;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine.EventLoop;
using Actors443.Remoting;
using Actors443.Requests;

namespace Actors443.Hosting;

/// <summary>What the actor system must know: the dispatcher and mailbox of connections, who supervises <c>/user</c>, and how long the phases of a shutdown may take.</summary>
internal static class ActorSystemHocon
{
    /// <summary>Keys of <c>actors443 { … }</c> that are Akka's to read.</summary>
    public static IReadOnlyList<string> Sections { get; } =
        [.. new[] { ConnectionSupervisor.DispatcherPath, ConnectionSupervisor.MailboxPath, LoopExecutor.DispatcherPath, LoopExecutor.MailboxPath }.Select(path => path.Split('.')[1])];

    public static string For(Actors443Settings settings)
    {
        string readiness = Milliseconds(settings.Drain.ReadinessDelay + TimeSpan.FromSeconds(10));
        string drain = Milliseconds(settings.Drain.Deadline + TimeSpan.FromSeconds(25));
        return $$"""
            {{ConnectionSupervisor.DispatcherPath}} {
              type = Dispatcher
              executor = thread-pool-executor
              throughput = 100
            }
            {{ConnectionSupervisor.MailboxPath}} {
              mailbox-type = "{{typeof(ConnectionMailbox).FullName}}, {{typeof(ConnectionMailbox).Assembly.GetName().Name}}"
            }
            akka.actor.guardian-supervisor-strategy = "{{typeof(RequestSupervisorConfigurator).FullName}}, {{typeof(RequestSupervisorConfigurator).Assembly.GetName().Name}}"
            {{LoopExecutor.Hocon}}
            akka.coordinated-shutdown {
              run-by-clr-shutdown-hook = off
              phases {
                before-service-unbind.timeout = {{readiness}}
                service-unbind.timeout = 15s
                service-requests-done.timeout = {{drain}}
                service-stop.timeout = 15s
                before-actor-system-terminate.timeout = 15s
              }
            }
            {{ClusterHocon.Messages}}
            {{RemotingHocon.Reference}}
            """;
    }

    /// <summary>A duration as Akka reads it.</summary>
    public static string Milliseconds(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) + "ms";
}
