using System.Diagnostics;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Tls;
using Actors443.Tunnels;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Model;

namespace Actors443.Server.AccessLogs;

/// <summary>Notes every request when it is over.</summary>
internal sealed class AccessLogMiddleware(AccessLog log, TimeProvider time)
{
    public Task InvokeAsync(HttpContext context, RequestDelegate next) => log.IsOn ? ObserveAsync(context, next) : next(context);

    private async Task ObserveAsync(HttpContext context, RequestDelegate next)
    {
        long start = Stopwatch.GetTimestamp();
        IHttpResponseBodyFeature body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var counting = new CountingResponseBody(body);
        context.Features.Set<IHttpResponseBodyFeature>(counting);
        try
        {
            await next(context);
        }
        finally
        {
            context.Features.Set(body);
            log.Add(Entry(context, counting.Bytes, Stopwatch.GetElapsedTime(start)));
        }
    }

    private AccessLogEntry Entry(HttpContext context, long bytes, TimeSpan duration)
    {
        HttpRequest request = context.Request;
        AccessLogRedaction redaction = log.Redaction;
        ConnectionSnapshot? connection = context.Features.Get<IActorConnectionFeature>()?.Snapshot();
        return new AccessLogEntry(
            time.GetLocalNow(),
            connection?.Id,
            context.Connection.RemoteIpAddress is { } remote ? PlainAddress.Of(remote) : null,
            request.Method,
            request.Scheme,
            request.Host.Value ?? "",
            redaction.Address(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget),
            request.Protocol,
            context.Response.StatusCode,
            context.Features.Get<Tunnel>()?.BytesDown ?? (HttpMethods.IsHead(request.Method) ? 0 : bytes),
            duration.TotalMilliseconds,
            connection?.ServerName,
            connection?.TlsVersion is { } version ? TlsNames.Version(version) : null,
            connection?.Resumed,
            context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination?.Model.Config.Address,
            redaction.Header(HeaderNames.UserAgent, request.Headers.UserAgent),
            redaction.Header(HeaderNames.Referer, request.Headers.Referer) is { } referer ? redaction.Address(referer) : null,
            Activity.Current?.TraceId.ToString(),
            Headers(request.Headers, redaction));
    }

    private static List<KeyValuePair<string, string>>? Headers(IHeaderDictionary sent, AccessLogRedaction redaction)
    {
        if (redaction.Settings.Headers.Count == 0)
            return null;
        var noted = new List<KeyValuePair<string, string>>();
        foreach (string name in redaction.Settings.Headers)
        {
            if (redaction.Header(name, sent[name]) is { } value)
                noted.Add(new(name, value));
        }

        return noted;
    }
}
