using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Server.Admin.Access;

/// <summary>Who asks the admin API, as the audit tells it. Set on the request by whatever proved it.</summary>
/// <param name="Who">Such as <c>token:1a2b3c4d</c>.</param>
/// <param name="From">Where the request came from.</param>
internal sealed record AdminCaller(string Who, string From)
{
    /// <summary>Of a request that was let in.</summary>
    public static AdminCaller Of(HttpContext context) => context.Features.GetRequiredFeature<AdminCaller>();

    public override string ToString() => $"{Who} from {From}";
}
