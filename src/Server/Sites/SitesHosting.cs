using Actors443.Hosting;
using Actors443.Server.AccessLogs;
using Actors443.Server.Configuration;
using Actors443.Server.Sites.Welcome;
using Actors443.Telemetry;
using Actors443.Tunnels.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;

namespace Actors443.Server.Sites;

/// <summary>What serves the sites, for the server's host and for tests.</summary>
internal static class SitesHosting
{
    // What the framework compresses by default, and what sites have besides.
    private static readonly string[] FurtherTypes = ["image/svg+xml", "application/manifest+json", "application/problem+json", "text/markdown", "font/ttf", "application/wasm"];

    // A destination that is far or busy accepts in much less; one that is gone should not hold a request for YARP's 15 seconds.
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    public static IServiceCollection AddSites(this IServiceCollection services, ServerSettings settings)
    {
        services.AddReverseProxy().ConfigureHttpClient((_, client) => client.ConnectTimeout = ConnectWithin).AddTransforms(WrittenPath.AddTo);
        // Of every failed request it would write what we write once a second.
        services.AddLogging(logging => logging.AddFilter("Yarp.ReverseProxy.Forwarder.HttpForwarder", LogLevel.Error));
        services.AddSingleton<IPassiveHealthCheckPolicy, FailureCount>();
        DropDataProtectionKeys(services);
        services.AddSingleton(new InMemoryConfigProvider([], []));
        services.AddSingleton<IProxyConfigProvider>(provider => provider.GetRequiredService<InMemoryConfigProvider>());
        services.AddSingleton<ProxyRoutes>();
        services.AddSingleton<SiteDirectory>();
        services.AddSingleton<WelcomeStatusSource>();
        services.AddSingleton<WelcomeHandler>();
        // It shows the whole server, which sites without it can do without.
        services.AddSingleton(provider => new Lazy<WelcomeHandler>(provider.GetRequiredService<WelcomeHandler>));
        services.AddSingleton<SitesMiddleware>();
        services.AddSingleton<AccessLogMiddleware>();
        services.AddSingleton(provider => new HstsRamp(
            settings.Core.StateDirectory,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger(LogCategories.Sites)));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<AccessLog>(provider, settings.AccessLog));
        services.AddResponseCompression(options =>
        {
            options.EnableForHttps = true;
            options.MimeTypes = ResponseCompressionDefaults.MimeTypes.Concat(FurtherTypes);
            options.Providers.Add<BrotliCompressionProvider>();
            options.Providers.Add<GzipCompressionProvider>();
        });
        services.AddSingleton<SiteCompression>();
        services.AddSingleton<IResponseCompressionProvider>(provider => provider.GetRequiredService<SiteCompression>());
        return services;
    }

    // YARP brings data protection for cookies of session affinity, which no setting of ours turns on. Its service would write a key ring to the home folder.
    private static void DropDataProtectionKeys(IServiceCollection services)
    {
        foreach (ServiceDescriptor service in services.Where(service => service.ImplementationType?.Name == "DataProtectionHostedService").ToArray())
            services.Remove(service);
    }

    /// <summary>The whole pipeline: nothing comes after the sites.</summary>
    public static void UseSites(this IApplicationBuilder application)
    {
        // YARP's services bring it, no route of ours asks for it, and it is a step of every request.
        application.Properties["__AuthorizationMiddlewareSet"] = true;
        AccessLogMiddleware accessLog = application.ApplicationServices.GetRequiredService<AccessLogMiddleware>();
        SiteCompression compression = application.ApplicationServices.GetRequiredService<SiteCompression>();
        SitesMiddleware sites = application.ApplicationServices.GetRequiredService<SitesMiddleware>();
        application.Use(next => context => accessLog.InvokeAsync(context, next));
        if (application.ApplicationServices.GetService<TunnelMiddleware>() is not null)
            application.UseActors443Tunnels();
        application.UseExceptionHandler(new ExceptionHandlerOptions
        {
            AllowStatusCode404Response = true,
            ExceptionHandler = context => ErrorPage.WriteAsync(context, StatusCodes.Status500InternalServerError, "Internal server error", "The server could not answer. The log has the reason."),
        });
        application.Use(next => context => sites.InvokeAsync(context, next));
        application.UseResponseCompression();
        application.Use(next => context => compression.CompressHeadAsync(context, next));
        application.Run(context => SiteRequest.Of(context)!.HandleAsync(context));
    }
}
