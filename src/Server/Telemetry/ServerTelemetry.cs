using Actors443.Configuration;
using Actors443.Server.Configuration;
using Actors443.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Actors443.Server.Telemetry;

/// <summary>
/// Metrics and traces of the process. Meters and activity sources are found by name, whichever service provider made them, so one
/// <see cref="MeterProvider"/> serves the public listeners and the admin server's <c>/metrics</c>.
/// </summary>
internal static class ServerTelemetry
{
    /// <summary>The meters collected; kept as their authors name them.</summary>
    public static IReadOnlyList<string> Meters { get; } =
    [
        Actors443Meter.Name,
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
        "Microsoft.AspNetCore.MemoryPool",
        "System.Net.Http",
        "System.Runtime",
        "Yarp.ReverseProxy",
    ];

    /// <summary>The activity sources traced.</summary>
    public static IReadOnlyList<string> Sources { get; } = [Actors443Meter.Name, "Microsoft.AspNetCore", "Yarp.ReverseProxy"];

    /// <summary>Registers a <see cref="MeterProvider"/>, and a <see cref="TracerProvider"/> if traces go anywhere.</summary>
    /// <param name="services">Of the application that serves the public.</param>
    /// <param name="settings"><c>telemetry</c>.</param>
    /// <param name="prometheus">True: the admin server shows the metrics.</param>
    /// <param name="clients">What clients say of traces.</param>
    public static IServiceCollection AddServerTelemetry(this IServiceCollection services, TelemetrySettings settings, bool prometheus, TraceContextPolicy clients = TraceContextPolicy.Link)
    {
        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(settings.ServiceName, serviceVersion: ServerVersion.Product))
            .WithMetrics(metrics => Collect(metrics, settings, prometheus));
        if (settings.OtlpEndpoint is { } endpoint)
            telemetry.WithTracing(traces => Trace(traces, endpoint, settings.TraceRatio, clients));
        return services;
    }

    /// <summary>Port 4318 or a path says OTLP over HTTP, where each signal has its own path; anything else is gRPC.</summary>
    public static (Uri Endpoint, OtlpExportProtocol Protocol) OtlpTarget(Uri endpoint, string signal)
    {
        bool http = endpoint.Port == 4318 || endpoint.AbsolutePath != "/";
        return http
            ? (new Uri(endpoint.AbsoluteUri.TrimEnd('/') + "/v1/" + signal), OtlpExportProtocol.HttpProtobuf)
            : (endpoint, OtlpExportProtocol.Grpc);
    }

    private static void Collect(MeterProviderBuilder metrics, TelemetrySettings settings, bool prometheus)
    {
        metrics.AddMeter([.. Meters]);
        if (prometheus)
            metrics.AddPrometheusExporter();
        if (settings.OtlpEndpoint is { } endpoint)
            metrics.AddOtlpExporter(otlp => (otlp.Endpoint, otlp.Protocol) = OtlpTarget(endpoint, "metrics"));
    }

    private static void Trace(TracerProviderBuilder traces, Uri endpoint, double ratio, TraceContextPolicy clients)
    {
        var sampler = new TraceIdRatioBasedSampler(ratio);
        traces
            .AddSource([.. Sources])
            // A stranger's "sampled" flag does not make this server trace more than its share.
            .SetSampler(new ParentBasedSampler(sampler, remoteParentSampled: clients == TraceContextPolicy.Trust ? new AlwaysOnSampler() : sampler))
            .AddOtlpExporter(otlp => (otlp.Endpoint, otlp.Protocol) = OtlpTarget(endpoint, "traces"));
    }
}
