using System.Diagnostics.Metrics;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Tls;

namespace Actors443.Telemetry;

/// <summary>Instruments of connections and handshakes. Thread-safe.</summary>
internal sealed class ConnectionMetrics
{
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _shortages;
    private readonly Counter<long> _closed;
    private readonly Counter<long> _obituaries;
    private readonly Counter<long> _shed;
    private readonly Counter<long> _policyCanaries;
    private readonly Histogram<double> _handshake;
    private readonly Histogram<double> _decision;
    private readonly UpDownCounter<int> _waiting;
    private readonly UpDownCounter<int> _held;
    private readonly Counter<long> _letGo;
    private readonly Histogram<double> _duration;

    public ConnectionMetrics(IMeterFactory factory)
    {
        Meter meter = Actors443Meter.Create(factory);
        _accepted = meter.CreateCounter<long>("actors443.connections.accepted", "{connection}", "Connections accepted and given an actor.");
        _refused = meter.CreateCounter<long>("actors443.connections.refused", "{connection}", "Connections refused before any cryptography, by reason.");
        _shortages = meter.CreateCounter<long>("actors443.accept.shortages", "{error}", "Accepts that failed for want of file descriptors or memory.");
        _closed = meter.CreateCounter<long>("actors443.connections.closed", "{connection}", "Connections ended, by reason.");
        _obituaries = meter.CreateCounter<long>("actors443.connections.obituaries", "{connection}", "Abnormal ends, by reason.");
        _shed = meter.CreateCounter<long>("actors443.requests.shed", "{request}", "Requests answered with 503 because of load.");
        _policyCanaries = meter.CreateCounter<long>("actors443.tls_policy.canary.ended", "{trial}", "Trials of another TLS policy that have ended, by outcome.");
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] };
        _handshake = meter.CreateHistogram("actors443.tls_handshake.duration", "s", "TLS handshakes, by outcome, version and resumption.", null, seconds);
        _decision = meter.CreateHistogram("actors443.handshake_decision.duration", "s", "How long handshakes waited for their decision, by outcome.", null, seconds);
        _waiting = meter.CreateUpDownCounter<int>("actors443.handshake_decision.waiting", "{handshake}", "Handshakes that wait for their decision.");
        _held = meter.CreateUpDownCounter<int>("actors443.drain.held", "{connection}", "Connections that a server which stops has not let go yet.");
        _letGo = meter.CreateCounter<long>("actors443.drain.let_go", "{connection}", "Connections that were told to end because their server stops.");
        _duration = meter.CreateHistogram("actors443.connection.duration", "s", "Life of connections.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.1, 1, 10, 60, 300, 1800, 3600, 14400, 86400] });
    }

    public void Accepted(string listener) => _accepted.Add(1, new KeyValuePair<string, object?>("listener", listener));

    public void PolicyCanaryEnded(bool promoted) => _policyCanaries.Add(1, new KeyValuePair<string, object?>("outcome", promoted ? "promoted" : "rolled_back"));

    public void Refused(CloseReason reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason.ToTag()));

    public void AcceptShortage() => _shortages.Add(1);

    public void RequestShed() => _shed.Add(1);

    public void HandshakeCompleted(EngineConnection connection, TimeSpan duration)
    {
        if (_handshake.Enabled)
            _handshake.Record(duration.TotalSeconds, Tag("outcome", "completed"), Tag("tls.protocol.version", TlsNames.Version(connection.TlsVersion)), Tag("tls.resumed", connection.Resumed));
    }

    public void HandshakeFailed(CloseReason reason, TimeSpan duration)
    {
        if (_handshake.Enabled)
            _handshake.Record(duration.TotalSeconds, Tag("outcome", reason.ToTag()));
    }

    /// <param name="count">How many were, in a step of the drain.</param>
    /// <param name="heldChange">By how many more are held than before it.</param>
    public void LetGo(int count, int heldChange)
    {
        _letGo.Add(count);
        _held.Add(heldChange);
    }

    public void DecisionAwaited() => _waiting.Add(1);

    /// <param name="refusal">None: it goes on.</param>
    /// <param name="waited">How long.</param>
    public void DecisionMade(CloseReason refusal, TimeSpan waited)
    {
        _waiting.Add(-1);
        _decision.Record(waited.TotalSeconds, Tag("outcome", refusal == CloseReason.None ? "accepted" : refusal.ToTag()));
    }

    public void Closed(EngineConnection connection)
    {
        _closed.Add(1, Tag("reason", connection.Reason.ToTag()));
        if (_duration.Enabled)
            _duration.Record((connection.Clock.NowMs - connection.AcceptedAtMs) / 1000.0);
        if (connection.Reason.IsAbnormal())
            _obituaries.Add(1, Tag("reason", connection.Reason.ToTag()));
    }

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
