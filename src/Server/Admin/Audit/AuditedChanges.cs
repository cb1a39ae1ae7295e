using Actors443.Server.Admin.Access;

namespace Actors443.Server.Admin.Audit;

/// <summary>Audits every request of the admin API that is no mere question, also those that are not let in.</summary>
internal static class AuditedChanges
{
    public static Func<RequestDelegate, RequestDelegate> Under(PathString path, AuditLog audit) => next => async context =>
    {
        if (!context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase) || HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        var detail = new AuditDetail();
        context.Features.Set(detail);
        string result = "failed";
        try
        {
            await next(context);
            result = context.Response.StatusCode.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        finally
        {
            AdminCaller? caller = context.Features.Get<AdminCaller>();
            audit.Add(caller?.Who ?? "nobody", caller?.From, $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}", result, detail.Text);
        }
    };
}

/// <summary>What a change came to, told by who makes it.</summary>
internal sealed class AuditDetail
{
    public string? Text { get; private set; }

    public static void Tell(HttpContext context, string text)
    {
        if (context.Features.Get<AuditDetail>() is { } detail)
            detail.Text = text;
    }
}
