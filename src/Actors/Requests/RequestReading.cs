using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Actors443.Connections;
using Actors443.Engine;
using Akka.Actor;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace Actors443.Requests;

/// <summary>Makes the message of a request: a copy, for what the server lends for the request's time is used again afterwards.</summary>
internal static class RequestReading
{
    public static ActorRequest Message(HttpContext context, ReadOnlyMemory<byte> body, bool bodyIsStream)
    {
        HttpRequest request = context.Request;
        var connection = (IActorConnectionFeature?)context.Features[typeof(IActorConnectionFeature)];
        return new ActorRequest
        {
            Method = request.Method,
            Path = request.PathBase.HasValue ? request.PathBase.Add(request.Path).Value! : request.Path.Value ?? "/",
            QueryString = request.QueryString.Value ?? "",
            Scheme = request.Scheme,
            Host = request.Host.Value ?? "",
            Protocol = request.Protocol,
            Route = Copy(request.RouteValues),
            Headers = Copy(request.Headers),
            Body = body,
            BodyIsStream = bodyIsStream,
            BodyLength = request.ContentLength,
            Remote = connection is EngineConnection owned ? owned.Remote : context.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, context.Connection.RemotePort) : null,
            User = context.Features.Get<IHttpAuthenticationFeature>()?.User,
            Connection = connection?.Actor ?? ActorRefs.Nobody,
            ConnectionId = connection?.Id,
        };
    }

    /// <summary>Whether there may be a body.</summary>
    public static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>() is { } detection ? detection.CanHaveBody : context.Request.ContentLength is not 0;

    /// <summary>The whole body; null: it is longer than <paramref name="maximum"/>.</summary>
    public static async ValueTask<byte[]?> BodyAsync(HttpContext context, int maximum)
    {
        if (context.Request.ContentLength > maximum)
            return null;
        PipeReader reader = context.Request.BodyReader;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(context.RequestAborted);
            ReadOnlySequence<byte> buffer = read.Buffer;
            if (buffer.Length > maximum)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                return null;
            }

            if (read.IsCompleted)
            {
                byte[] body = buffer.ToArray();
                reader.AdvanceTo(buffer.End);
                return body;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static RequestValues Copy(RouteValueDictionary values)
    {
        if (values.Count == 0)
            return RequestValues.Empty;
        var copy = new KeyValuePair<string, StringValues>[values.Count];
        int at = 0;
        foreach ((string name, object? value) in values)
            copy[at++] = new(name, value as string ?? value?.ToString());
        return new RequestValues(copy);
    }

    private static RequestValues Copy(IHeaderDictionary headers)
    {
        var copy = new KeyValuePair<string, StringValues>[headers.Count];
        int at = 0;
        foreach (KeyValuePair<string, StringValues> header in headers)
            copy[at++] = header;
        return new RequestValues(copy);
    }
}
