using Actors443.Server.Telemetry;

namespace Actors443.Server.Admin;

/// <summary>Asks for <c>Authorization: Bearer …</c> (RFC 6750) under a path.</summary>
internal static class BearerToken
{
    private const string Scheme = "Bearer ";

    public static Func<RequestDelegate, RequestDelegate> RequireUnder(PathString path, AdminToken token, ILogger log) => next => context =>
    {
        if (!context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase))
            return next(context);
        if (IsPresented(context.Request, token))
        {
            context.Features.Set(new AdminCaller($"token:{token.Id}", $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}"));
            return next(context);
        }

        log.Unauthorized(context.Request.Method, context.Request.Path);
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"actors443\"";
        return AdminFailures.WriteAsync(context, StatusCodes.Status401Unauthorized, "send Authorization: Bearer with the token of the admin-token file in the state directory");
    };

    private static bool IsPresented(HttpRequest request, AdminToken token) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && token.Matches(header[Scheme.Length..].Trim());
}
