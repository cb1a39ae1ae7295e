using System.Diagnostics.Metrics;
using Actors443.Certificates.Ocsp;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.Portable;
using Actors443.Listening.Handover;
using Actors443.Telemetry;
using Actors443.Tls;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Hosting;

/// <summary>Which engine serves: the one asked for, or the best there is.</summary>
internal static class EngineChoice
{
    /// <summary>Names of the engines that can serve here, best first.</summary>
    public static IReadOnlyList<string> Available => OpenSsl.Missing is null ? ["event-loop", "portable"] : ["portable"];

    public static IConnectionEngine Make(IServiceProvider services, Actors443Settings settings, string? missing)
    {
        IConnectionEngine engine = Choose(services, settings, missing);
        if (settings.Https.KeyLogFile is { } file && engine is PortableEngine)
            LogOf(services).NoKeyLog(file);
        return engine;
    }

    private static IConnectionEngine Choose(IServiceProvider services, Actors443Settings settings, string? missing)
    {
        var portable = services.GetRequiredService<PortableEngine>();
        if (settings.Engine == EngineKind.Portable)
            return portable;
        if (missing is not null)
        {
            // Elsewhere than on Linux nobody expects it.
            if (OperatingSystem.IsLinux() || settings.Engine == EngineKind.EventLoop)
                LogOf(services).EngineFallsBack(settings.Engine == EngineKind.Auto ? "auto" : "event-loop", missing);
            return portable;
        }

        return new EventLoopEngine(
            settings.EventLoop,
            services.GetRequiredService<PublishedTicketKeys>(),
            services.GetRequiredService<PublishedStaples>(),
            settings.Https.KeyLogFile is { } keyLog ? new KeyLogFile(keyLog, LogOf(services), services.GetRequiredService<TimeProvider>()) : null,
            portable,
            services.GetRequiredService<ListeningSockets>(),
            services.GetRequiredService<ConnectionMetrics>(),
            services.GetRequiredService<IMeterFactory>(),
            services.GetRequiredService<ILoggerFactory>(),
            services.GetRequiredService<MonotonicClock>(),
            services.GetRequiredService<TimeProvider>());
    }

    private static ILogger LogOf(IServiceProvider services) => services.GetRequiredService<ILoggerFactory>().CreateLogger(LogCategories.Listening);
}
