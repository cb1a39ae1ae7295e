using System.Net;
using System.Net.Security;
using Actors443.Connections;
using Actors443.Engine;

namespace Actors443.Tests.Connections;

/// <summary>A connection without a socket: the test is its engine.</summary>
internal sealed class FakeConnection(MonotonicClock clock) : EngineConnection("https-443", new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1000), new IPEndPoint(IPAddress.Loopback, 443), clock)
{
    private int _closesAsked;

    /// <summary>How often the HTTP layer was asked to finish.</summary>
    public int ClosesAsked => Volatile.Read(ref _closesAsked);

    /// <summary>What <see cref="AbortTransport"/> does besides: an engine ends the connection at once. False: it takes its time.</summary>
    public bool EndsWhenAborted { get; set; } = true;

    /// <summary>What the engine does when it ends the connection, before anybody is told.</summary>
    public Action? Ending { get; set; }

    public override void RequestClose() => Interlocked.Increment(ref _closesAsked);

    public void Reach(ConnectionState stage) => NoteStage(stage);

    public void Open(SslApplicationProtocol protocol = default)
    {
        ApplicationProtocol = protocol;
        NoteStage(ConnectionState.Open);
    }

    public void Bytes(long read)
    {
        BytesRead += read;
        BytesArrived();
    }

    public void End(CloseReason reason = CloseReason.ClientClosed)
    {
        SetReason(reason);
        AdvanceTo(ConnectionState.Closed);
    }

    protected override void AbortTransport()
    {
        if (!EndsWhenAborted || Stage == ConnectionState.Closed)
            return;
        Ending?.Invoke();
        AdvanceTo(ConnectionState.Closed);
    }
}
