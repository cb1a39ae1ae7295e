using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;

namespace Actors443.Bench.Scale;

/// <summary>A logger of Akka that writes nothing: it counts the messages that its system has sent to others, by their type, as <c>akka.remote.log-sent-messages</c> tells of them.</summary>
internal sealed class SentMessages : UntypedActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    private const string Template = "RemoteMessage";

    private static readonly ConcurrentDictionary<string, long> Counts = new();

    /// <summary>Of all systems of this process, so far.</summary>
    public static IReadOnlyDictionary<string, long> Taken() => new Dictionary<string, long>(Counts);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                break;
            case Debug { Message: LogMessage sent } when sent.Format.StartsWith(Template, StringComparison.Ordinal):
                Counts.AddOrUpdate(NameOf(sent.Parameters().FirstOrDefault()), 1, static (_, count) => count + 1);
                break;
        }
    }

    private static string NameOf(object? message) => message switch
    {
        // Where it goes is no part of what it is.
        ActorSelectionMessage selected => NameOf(selected.Message),
        null => "nothing",
        _ => message.GetType().FullName!.Replace('+', '.'),
    };
}
