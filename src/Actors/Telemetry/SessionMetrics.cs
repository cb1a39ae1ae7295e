using System.Diagnostics.Metrics;

namespace Actors443.Telemetry;

/// <summary>Instruments of sessions on this node. Thread-safe.</summary>
internal sealed class SessionMetrics
{
    private readonly Counter<long> _began;
    private readonly Counter<long> _replayed;
    private readonly UpDownCounter<long> _open;

    public SessionMetrics(IMeterFactory factory)
    {
        Meter meter = Actors443Meter.Create(factory);
        _began = meter.CreateCounter<long>("actors443.sessions.began", "{session}", "Sessions begun.");
        _replayed = meter.CreateCounter<long>("actors443.sessions.replayed", "{message}", "Messages sent again on a further connection of their session.");
        _open = meter.CreateUpDownCounter<long>("actors443.sessions.open", "{session}", "Sessions, with a connection or waiting for one.");
    }

    public void Began()
    {
        _began.Add(1);
        _open.Add(1);
    }

    public void Ended() => _open.Add(-1);

    public void Replayed(long messages)
    {
        if (messages > 0)
            _replayed.Add(messages);
    }
}
