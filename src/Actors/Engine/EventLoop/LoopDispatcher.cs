using Akka.Configuration;
using Akka.Dispatch;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// Makes the executor of the dispatcher of loops. Akka makes it by reflection, lazily, and again after the last actor of the dispatcher has
/// ended: the loops are none of its business.
/// </summary>
public sealed class LoopExecutorConfigurator : ExecutorServiceConfigurator
{
    /// <summary>Called by Akka by reflection.</summary>
    public LoopExecutorConfigurator(Config config, IDispatcherPrerequisites prerequisites)
        : base(config, prerequisites)
    {
    }

    /// <inheritdoc/>
    public override ExecutorService Produce(string id) => new LoopExecutor(id);
}

/// <summary>Runs a mailbox on the loop it belongs to.</summary>
internal sealed class LoopExecutor(string id) : ExecutorService(id)
{
    /// <summary>The dispatcher and the mailbox of actors on loops, in HOCON. One section serves any number of loops.</summary>
    public static string Hocon => $$"""
        {{DispatcherPath}} {
          type = Dispatcher
          executor = "{{typeof(LoopExecutorConfigurator).FullName}}, {{typeof(LoopExecutorConfigurator).Assembly.GetName().Name}}"
          throughput = 100
        }
        {{MailboxPath}} {
          mailbox-type = "{{typeof(LoopMailbox).FullName}}, {{typeof(LoopMailbox).Assembly.GetName().Name}}"
        }
        """;

    public const string DispatcherPath = "actors443.loop-dispatcher";

    public const string MailboxPath = "actors443.loop-mailbox";

    public override void Execute(IRunnable run)
    {
        if (run is Mailbox { MessageQueue: LoopMailbox.MessageQueue queue })
            queue.Loop.Post(run);
        else
            ThreadPool.UnsafeQueueUserWorkItem(static run => run.Run(), run, preferLocal: false);
    }

    public override void Shutdown()
    {
        // Loops outlive their actors.
    }
}
