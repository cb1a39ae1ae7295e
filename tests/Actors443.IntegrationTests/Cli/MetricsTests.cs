using System.Diagnostics.Metrics;
using System.Net;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Actors443.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace Actors443.IntegrationTests.Cli;

/// <summary>Meters are found by name in the whole process, so no other server runs meanwhile.</summary>
[Collection(nameof(MetricsTests))]
[CollectionDefinition(nameof(MetricsTests), DisableParallelization = true)]
public class MetricsTests
{
    [Fact]
    public async Task Prometheus_shows_our_meters_and_not_the_requests_of_the_scrape_itself()
    {
        var services = new ServiceCollection();
        services.AddMetrics();
        services.AddServerTelemetry(new TelemetrySettings(), prometheus: true);
        await using ServiceProvider provider = services.BuildServiceProvider();
        var metrics = provider.GetRequiredService<MeterProvider>();
        await using AdminFixture admin = await AdminFixture.StartAsync(metrics);
        var instruments = new ConnectionMetrics(provider.GetRequiredService<IMeterFactory>());

        instruments.Accepted("https-443");
        instruments.Accepted("https-443");
        await admin.Anonymous.GetStringAsync("/healthz");
        using HttpResponseMessage response = await admin.Anonymous.GetAsync("/metrics");
        string text = await response.Content.ReadAsStringAsync();

        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        Assert.Matches("""actors443_connections_accepted_total\{.*listener="https-443".*\} 2""", text);
        Assert.Contains("dotnet_gc_collections_total", text, StringComparison.Ordinal);
        Assert.DoesNotContain("http_server_request_duration", text, StringComparison.Ordinal);
        Assert.DoesNotContain("kestrel_", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_kept_from_foreign_hosts()
    {
        await using ServiceProvider provider = new ServiceCollection().AddMetrics().AddServerTelemetry(new TelemetrySettings(), prometheus: true).BuildServiceProvider();
        await using AdminFixture admin = await AdminFixture.StartAsync(provider.GetRequiredService<MeterProvider>());

        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Host = "attacker.example" } };
        using HttpResponseMessage response = await admin.Anonymous.SendAsync(request);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("http://127.0.0.1:4317", "http://127.0.0.1:4317/", OtlpExportProtocol.Grpc)]
    [InlineData("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces", OtlpExportProtocol.HttpProtobuf)]
    [InlineData("https://otel.example/collect/", "https://otel.example/collect/v1/traces", OtlpExportProtocol.HttpProtobuf)]
    public void The_otlp_protocol_follows_from_the_address(string endpoint, string target, OtlpExportProtocol protocol) =>
        Assert.Equal((new Uri(target), protocol), ServerTelemetry.OtlpTarget(new Uri(endpoint), "traces"));
}
