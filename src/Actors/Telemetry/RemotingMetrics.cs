using System.Diagnostics.Metrics;
using Actors443.Connections;
using Actors443.Remoting;

namespace Actors443.Telemetry;

/// <summary>Instruments of Akka.Remote on our own connections. Thread-safe.</summary>
internal sealed class RemotingMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _opened;
    private readonly Counter<long> _refused;

    public RemotingMetrics(IMeterFactory factory)
    {
        _meter = Actors443Meter.Create(factory);
        _opened = _meter.CreateCounter<long>("actors443.remoting.associated", "{association}", "Associations that other nodes have begun.");
        _refused = _meter.CreateCounter<long>("actors443.remoting.refused", "{association}", "Associations that came to nothing after the handshake of TLS; those that this node begins by the direction outbound.");
    }

    public void Associated() => _opened.Add(1);

    public void Refused(CloseReason reason) => _refused.Add(1, new("direction", "inbound"), new("reason", reason.ToTag()));

    public void NotAssociated() => _refused.Add(1, new KeyValuePair<string, object?>("direction", "outbound"));

    public void Observe(RemotingDoor door)
    {
        _meter.CreateObservableUpDownCounter("actors443.remoting.associations", () => Of(door, static system => [(system.Inbound, "inbound"), (system.Outbound, "outbound")]), "{association}", "Associations with other nodes now.");
        _meter.CreateObservableCounter("actors443.remoting.messages", () => Of(door, static system => [(system.Counts.MessagesReceived, "inbound"), (system.Counts.MessagesSent, "outbound")]), "{message}", "Messages of Akka.Remote, its own included.");
        _meter.CreateObservableCounter("actors443.remoting.bytes", () => Of(door, static system => [(system.Counts.BytesReceived, "inbound"), (system.Counts.BytesSent, "outbound")]), "By", "Of these messages.");
        _meter.CreateObservableCounter("actors443.remoting.writes_refused", () => door.Systems.Sum(system => system.Counts.RefusedWrites), "{message}", "Messages that Akka was told to keep for a while, because the other node takes them too slowly.");
        _meter.CreateObservableCounter("actors443.remoting.by_dot_netty", () => Of(door, static system => [(system.Beside?.Inbound ?? 0, "inbound"), (system.Beside?.Outbound ?? 0, "outbound")]), "{association}", "Associations begun by DotNetty, while a cluster is moved over from it.");
        _meter.CreateObservableCounter("actors443.remoting.renewals", () => Of(door, "result", static system => system.Renewals is { } renewals ? [(renewals.Renewed, "renewed"), (renewals.Failed, "failed"), (renewals.Ended, "ended")] : []), "{association}", "Associations after a change of certificates: made anew, attempts that failed, and those that were ended as it was not done in time.");
        _meter.CreateObservableCounter("actors443.remoting.identity_changes", () => (long)door.Systems.Sum(system => system.Identity.Changes), "{change}", "New certificates and CAs of nodes that have come into force.");
    }

    private static IEnumerable<Measurement<long>> Of(RemotingDoor door, Func<Actors443Transport, (long Count, string Direction)[]> read) => Of(door, "direction", read);

    private static IEnumerable<Measurement<long>> Of(RemotingDoor door, string tag, Func<Actors443Transport, (long Count, string Value)[]> read) =>
        from system in door.Systems from one in read(system) select new Measurement<long>(one.Count, new("system", system.Settings.Public.System), new(tag, one.Value));
}
