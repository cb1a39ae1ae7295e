using Actors443.Routing;

namespace Actors443.Engine.Dialing;

/// <summary>A connection that this side has made, with TLS agreed upon. Thread-safe.</summary>
internal sealed class DialedClient(EngineConnection connection, IRoutedClient client)
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EngineConnection Connection => connection;

    /// <summary>What is within its TLS.</summary>
    public IRoutedClient Client => client;

    /// <summary>By the engine: nobody reads or writes any more.</summary>
    public Task Released => _released.Task;

    /// <summary>Done with it: it ends, in order if it has not been cut. Idempotent.</summary>
    public void Release() => _released.TrySetResult();
}
