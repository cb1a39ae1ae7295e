using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.EventLoop;
using Actors443.Supervision;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Actors443.Hosting;

/// <summary>The first step of every request: counts it on its connection, and turns it away while load is being shed.</summary>
internal sealed class ConnectionRequests(ServerEnvironment environment) : IStartupFilter
{
    private readonly AdmissionGate _gate = environment.Gate;
    private readonly ConnectionMetrics _metrics = environment.Metrics;
    private readonly bool _applicationsOnLoop = environment.Engine is EventLoopEngine { ApplicationsOnLoop: true };

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
    {
        application.Use(request => context => InvokeAsync(context, request));
        next(application);
    };

    private Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features[typeof(IActorConnectionFeature)] is not EngineConnection connection)
            return next(context);
        connection.RequestStarted();
        if (Activity.Current is { IsAllDataRequested: true } span)
            ConnectionTraces.Describe(span, connection, environment.Settings.Https.TraceContext == TraceContextPolicy.Link ? context.Request.Headers : null);
        _gate.LookAtMemory();
        if (_gate.Mode != AdmissionMode.Normal)
        {
            connection.RequestCompleted();
            return ShedAsync(context, connection);
        }

        if (environment.Http3Offer.AltSvc is { } altSvc && connection.ApplicationProtocol != SslApplicationProtocol.Http3)
            context.Response.Headers.AltSvc = altSvc;

        // RFC 9110 7.8: only HTTP/1.1 upgrades the whole connection; a WebSocket over HTTP/2 (RFC 8441) is one stream among others.
        if (context.Request.Headers.Upgrade.Count > 0)
            context.Response.OnStarting(NoteUpgrade, (context, connection));

        if (EventLoop.Current is { } loop)
        {
            if (!_applicationsOnLoop)
                return OnThreadPoolAsync(context, connection, next);
            // For the watchdog: who, if the loop does not go on.
            loop.Running = context;
        }

        Task request;
        try
        {
            request = next(context);
        }
        catch
        {
            connection.RequestCompleted();
            throw;
        }
        finally
        {
            if (EventLoop.Current is { } same)
                same.Running = null;
        }

        if (!request.IsCompletedSuccessfully)
            return Awaited(request, connection);
        connection.RequestCompleted();
        return Task.CompletedTask;
    }

    // An application may block; a loop must not.
    private static async Task OnThreadPoolAsync(HttpContext context, EngineConnection connection, RequestDelegate next)
    {
        try
        {
            await ThreadPoolHop.Instance;
            await next(context);
        }
        finally
        {
            connection.RequestCompleted();
        }
    }

    private static async Task Awaited(Task request, EngineConnection connection)
    {
        try
        {
            await request;
        }
        finally
        {
            connection.RequestCompleted();
        }
    }

    private static Task NoteUpgrade(object state)
    {
        (HttpContext context, EngineConnection connection) = ((HttpContext, EngineConnection))state;
        if (context.Response.StatusCode == StatusCodes.Status101SwitchingProtocols)
            connection.ProtocolUpgraded();
        return Task.CompletedTask;
    }

    private Task ShedAsync(HttpContext context, EngineConnection connection)
    {
        _metrics.RequestShed();
        int retryAfter = Math.Max(1, (int)_gate.Settings.Load.RetryAfter.TotalSeconds);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.CacheControl = "no-store";
        if (connection.ApplicationProtocol != System.Net.Security.SslApplicationProtocol.Http2)
            context.Response.Headers.Connection = "close";
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync($"The server is busy. Try again in {retryAfter} seconds.\n");
    }
}
