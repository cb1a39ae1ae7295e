using System.Net;

namespace Actors443.Engine.Quic;

/// <summary>Bound UDP addresses.</summary>
internal sealed class Http3Listener(KestrelHost kestrel, QuicConnectionHandler handler, IReadOnlyList<IPEndPoint> endPoints) : IEngineListener
{
    public IReadOnlyList<IPEndPoint> EndPoints => endPoints;

    /// <summary>Refuses new connections. The address itself is free only when this is disposed: Kestrel would end the open ones with it.</summary>
    public Task UnbindAsync()
    {
        handler.Close();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        handler.Close();
        await kestrel.DisposeAsync();
    }
}
