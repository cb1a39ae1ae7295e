using System.Diagnostics.Metrics;
using System.Text.Json;
using Actors443.Tunnels;
using Actors443.Tunnels.Accounts;

namespace Actors443.Telemetry;

/// <summary>Instruments of tunnels. Accounts are named only where there is one: what strangers write never becomes a tag. Thread-safe.</summary>
internal sealed class TunnelMetrics
{
    private readonly Counter<long> _opened;
    private readonly Counter<long> _closed;
    private readonly Counter<long> _refused;

    public TunnelMetrics(IMeterFactory factory, TunnelAccounts accounts)
    {
        Meter meter = Actors443Meter.Create(factory);
        _opened = meter.CreateCounter<long>("actors443.tunnels.opened", "{tunnel}", "Tunnels opened, by account and method.");
        _closed = meter.CreateCounter<long>("actors443.tunnels.closed", "{tunnel}", "Tunnels ended, by reason.");
        _refused = meter.CreateCounter<long>("actors443.tunnels.refused", "{tunnel}", "Tunnels refused, by reason.");
        meter.CreateObservableUpDownCounter(
            "actors443.tunnels.open", () => accounts.All.Select(account => new Measurement<int>(account.Usage().Open, Tag("account", account.Name))), "{tunnel}", "Tunnels open now, by account.");
        meter.CreateObservableCounter(
            "actors443.tunnels.bytes",
            () => accounts.All.SelectMany(account =>
            {
                (_, long up, long down) = account.Usage();
                return (Measurement<long>[])[new(up, Tag("account", account.Name), Tag("direction", "up")), new(down, Tag("account", account.Name), Tag("direction", "down"))];
            }),
            "By",
            "Bytes carried, by account and direction: up is to targets.");
    }

    public void Opened(Tunnel tunnel) => _opened.Add(1, Tag("account", tunnel.Account.Name), Tag("method", JsonNamingPolicy.KebabCaseLower.ConvertName(tunnel.Method.ToString())));

    public void Closed(TunnelEndReason reason) => _closed.Add(1, Tag("reason", JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString())));

    public void Refused(string reason) => _refused.Add(1, Tag("reason", reason));

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
