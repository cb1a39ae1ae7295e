using System.Diagnostics.Metrics;
using Actors443.Connections;
using Actors443.Server.Admin.Events;
using Actors443.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Admin;

public sealed class TrafficMeterTests
{
    private readonly IMeterFactory _server = NewFactory();

    [Fact]
    public void It_counts_from_when_it_is_made_and_this_server_alone()
    {
        var time = new FakeTimeProvider();
        var metrics = new ConnectionMetrics(_server);
        var other = new ConnectionMetrics(NewFactory());
        Histogram<double> requests = _server.Create("Microsoft.AspNetCore.Hosting").CreateHistogram<double>("http.server.request.duration");
        metrics.Accepted("https-443");
        using var meter = new TrafficMeter(_server, time);

        metrics.Accepted("https-443");
        metrics.HandshakeFailed(CloseReason.NoSharedProtocol, TimeSpan.FromSeconds(1));
        metrics.HandshakeFailed(CloseReason.NoSharedProtocol, TimeSpan.FromSeconds(1));
        metrics.Refused(CloseReason.ClientBanned);
        other.Accepted("https-443");
        foreach (int status in (int[])[200, 204, 404, 503])
            requests.Record(0.1, new KeyValuePair<string, object?>("http.response.status_code", status));
        time.Advance(TimeSpan.FromSeconds(3));
        TrafficReport report = meter.Take();

        Assert.Equal((3, 1), (report.CountedSeconds, report.Accepted));
        Assert.Equal([new HandshakeCount("no_shared_protocol", null, null, 2)], report.Handshakes);
        Assert.Equal([new("client_banned", 1)], report.Refused);
        Assert.Equal([new("2xx", 2), new("4xx", 1), new("5xx", 1)], report.Requests);
        Assert.Empty(report.Ended);
    }

    [Fact]
    public void Nothing_is_recorded_for_it_once_it_is_disposed()
    {
        Counter<long> accepted = _server.Create(Actors443Meter.Name).CreateCounter<long>("actors443.connections.accepted");
        Assert.False(accepted.Enabled);

        using (new TrafficMeter(_server, TimeProvider.System))
            Assert.True(accepted.Enabled);

        Assert.False(accepted.Enabled);
    }

    private static IMeterFactory NewFactory() => new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
}
