using System.Text.Json;
using Actors443.Admission;
using Actors443.Supervision;

namespace Actors443.Server.Admin.Events;

/// <summary>Makes snapshots of one server while somebody looks. Not thread-safe.</summary>
internal sealed class SnapshotSource : ISnapshotSource
{
    private const int SitesShown = 200;

    // What has not answered by then is shown as it was.
    private static readonly TimeSpan WaitFor = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Fresh = TimeSpan.Zero;
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(2);

    private readonly IServerControl _control;
    private readonly TimeProvider _time;
    private readonly TrafficMeter _traffic;
    private readonly LatestAnswer<AdmissionStatus> _admission;
    private readonly LatestAnswer<CertificateOutlook> _certificates;
    private readonly LatestAnswer<TunnelOutlook> _tunnels;
    private readonly LatestAnswer<IReadOnlyList<ClusterNodeReport>> _nodes;

    public SnapshotSource(IServerControl control, TimeProvider time, ILogger log)
    {
        _control = control;
        _time = time;
        _traffic = new TrafficMeter(control.Meters, time);
        _admission = new("admission", control.AdmissionAsync, _ => Fresh, time, log);
        // To describe very many takes its actor a while.
        _certificates = new("certificates", async cancellation => CertificateOutlook.Of(await control.ListCertificatesAsync(cancellation)), outlook => Recent + TimeSpan.FromSeconds(outlook.Total / 100), time, log);
        _tunnels = new("tunnels", async cancellation => TunnelOutlook.Of(await control.ListTunnelsAsync(cancellation)), _ => Fresh, time, log);
        _nodes = new("nodes", control.ListNodesAsync, _ => Recent, time, log);
    }

    public async Task<byte[]> TakeAsync(CancellationToken cancellationToken)
    {
        ServerStatus status = await _control.StatusAsync(cancellationToken);
        ServerReadiness readiness = await _control.ReadinessAsync(cancellationToken);
        await RefreshAsync(cancellationToken);
        return JsonSerializer.SerializeToUtf8Bytes(
            new EventSnapshot
            {
                At = _time.GetUtcNow(),
                Status = status with { Sites = [] },
                Problems = readiness.Problems,
                Traffic = _traffic.Take(),
                Actors = _control.Supervision(),
                Sites = _control.ListSites(SitesShown),
                Admission = _admission.Value,
                Certificates = _certificates.Value,
                Tunnels = _tunnels.Value,
                Nodes = _nodes.Value,
            },
            AdminJson.Options);
    }

    public void Dispose() => _traffic.Dispose();

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        Task all = Task.WhenAll(_admission.RefreshAsync(cancellationToken), _certificates.RefreshAsync(cancellationToken), _tunnels.RefreshAsync(cancellationToken), _nodes.RefreshAsync(cancellationToken));
        await Task.WhenAny(all, Task.Delay(WaitFor, _time, cancellationToken));
        _admission.Settle();
        _certificates.Settle();
        _tunnels.Settle();
        _nodes.Settle();
    }
}
