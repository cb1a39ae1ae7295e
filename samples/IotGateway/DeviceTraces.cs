using Actors443.Telemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Actors443.Samples.IotGateway;

/// <summary>Traces from the accept of a connection to the device, on whichever node that is: <c>--otlp=http://127.0.0.1:4318</c>.</summary>
internal static class DeviceTraces
{
    public static void AddDeviceTraces(this WebApplicationBuilder builder)
    {
        if (builder.Configuration["otlp"] is not { } collector)
            return;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("iot-gateway"))
            .WithTracing(traces => traces
                .AddSource(Actors443Meter.Name, "Microsoft.AspNetCore")
                .AddOtlpExporter(otlp =>
                {
                    otlp.Endpoint = new Uri(new Uri(collector), "v1/traces");
                    otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
                    otlp.BatchExportProcessorOptions.ScheduledDelayMilliseconds = 1000;
                }));
    }
}
