using System.Security.Cryptography;
using System.Text;
using Actors443.Requests;
using Akka.Actor;
using Microsoft.AspNetCore.Http;

namespace Actors443.Sessions;

/// <summary>Whose session a request is for.</summary>
/// <param name="Id">Of the session.</param>
/// <param name="MayBegin">It may be a new one.</param>
/// <param name="Principal">Who the client is; null: it has said nothing.</param>
internal sealed record SessionClaim(string Id, bool MayBegin, string? Principal);

/// <summary>Finds out whose session a request is for, and sets the cookie of a new one. An id that the server has not made is never taken over (session fixation), nor a session by another principal than its own.</summary>
internal static class SessionIdentity
{
    private const int IdLength = 43;

    private static readonly TimeSpan FindWithin = TimeSpan.FromSeconds(5);

    /// <summary>Null: it is not known, and the client has been answered.</summary>
    public static async ValueTask<SessionClaim?> KnowAsync(HttpContext context, SessionRouteOptions options, IActorRef home)
    {
        try
        {
            if (await OfAsync(context, options, home) is { } claim)
                return claim;
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status401Unauthorized, "Who it is must be known here.");
        }
        catch (AskTimeoutException)
        {
            // The node that has it is dead, perhaps, and not yet removed. To begin another would be to lose this one.
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "The session cannot be reached now.");
        }

        return null;
    }

    /// <summary>Null: the client has not what the route knows sessions by.</summary>
    private static async ValueTask<SessionClaim?> OfAsync(HttpContext context, SessionRouteOptions options, IActorRef home)
    {
        string? principal = PrincipalOf(context);
        switch (options.By)
        {
            case SessionBy.Bearer:
                string authorization = context.Request.Headers.Authorization.ToString();
                // Whether the token is good is for the application to say, and it says so by a user.
                return principal is not null && authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && authorization.Length > 7
                    ? new SessionClaim(Hash(Encoding.UTF8.GetBytes(authorization[7..])), true, principal)
                    : null;
            case SessionBy.ClientCertificate:
                return context.Connection.ClientCertificate is { } certificate ? new SessionClaim(Hash(certificate.RawDataMemory.Span), true, principal) : null;
            default:
                return await ByCookieAsync(context, options, home, principal);
        }
    }

    private static async ValueTask<SessionClaim> ByCookieAsync(HttpContext context, SessionRouteOptions options, IActorRef home, string? principal)
    {
        if (context.Request.Cookies[options.CookieName] is { Length: IdLength } id && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            && (await home.Ask<SessionFound>(new SessionEnvelope(id, new FindSession(principal)), FindWithin)).IsThere)
            return new SessionClaim(id, false, principal);
        id = System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        context.Response.Cookies.Append(options.CookieName, id, new CookieOptions { Path = "/", Secure = true, HttpOnly = true, SameSite = options.SameSite, IsEssential = true });
        return new SessionClaim(id, true, principal);
    }

    private static string? PrincipalOf(HttpContext context)
    {
        if (context.User.Identity is { IsAuthenticated: true } user)
            return $"{user.AuthenticationType}:{user.Name}";
        return context.Connection.ClientCertificate is { } certificate ? "certificate:" + certificate.GetCertHashString(HashAlgorithmName.SHA256) : null;
    }

    private static string Hash(ReadOnlySpan<byte> secret) => System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(secret));
}
