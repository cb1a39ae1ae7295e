using System.Diagnostics.Metrics;
using Actors443.Configuration.Reading;
using Actors443.Identities;

namespace Actors443.Telemetry;

/// <summary>Instruments of revocations by <see cref="IRevocations"/>. Thread-safe.</summary>
internal sealed class RevocationMetrics
{
    private readonly Counter<long> _connections;
    private readonly Counter<long> _tunnels;

    public RevocationMetrics(IMeterFactory factory, RevokedIdentities revoked)
    {
        Meter meter = Actors443Meter.Create(factory);
        _connections = meter.CreateCounter<long>("actors443.revoked.connections_cut", "{connection}", "Connections that were open when whose they are was revoked.");
        _tunnels = meter.CreateCounter<long>("actors443.revoked.tunnels_cut", "{tunnel}", "Tunnels that were open when whose they are was revoked.");
        meter.CreateObservableUpDownCounter(
            "actors443.revoked.identities",
            () => Enum.GetValues<IdentityKind>().Select(kind => new Measurement<int>(revoked.Current.CountOf(kind), new KeyValuePair<string, object?>("kind", SettingsValueTypes.NameOf(kind)))),
            "{identity}",
            "Identities that are revoked, by kind.");
    }

    public void Cut(IdentitiesCut cut)
    {
        _connections.Add(cut.Connections);
        _tunnels.Add(cut.Tunnels);
    }
}
