using Actors443.Server.Telemetry;

namespace Actors443.Server.Admin;

/// <summary>How the admin API says no: <c>{"error": "one sentence"}</c>.</summary>
internal static class AdminFailures
{
    /// <summary>Answers what the server does not answer in time with 503 and what fails with 500; the cause is logged, not sent.</summary>
    public static Func<RequestDelegate, RequestDelegate> Around(ILogger log) => next => async context =>
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted)
                await ExplainRoutingAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            log.RequestAbandoned(context.Request.Path);
        }
        catch (TimeoutException cause) when (!context.Response.HasStarted)
        {
            log.NoAnswerInTime(cause, context.Request.Path);
            await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "the server did not answer in time; it is starting, stopping or overloaded");
        }
        catch (Exception cause) when (!context.Response.HasStarted && cause is not BadHttpRequestException)
        {
            log.RequestFailed(cause, context.Request.Method, context.Request.Path);
            await WriteAsync(context, StatusCodes.Status500InternalServerError, "the request failed; the log says why");
        }
    };

    /// <param name="context">The request.</param>
    /// <param name="status">Of the answer.</param>
    /// <param name="problem">One sentence.</param>
    /// <param name="problems">What it is made of, one line each; null: it stands for itself.</param>
    public static Task WriteAsync(HttpContext context, int status, string problem, IReadOnlyList<string>? problems = null)
    {
        context.Response.StatusCode = status;
        return AdminJson.WriteAsync(context, new AdminError(problem, problems));
    }

    private static Task ExplainRoutingAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => WriteAsync(context, StatusCodes.Status404NotFound, $"there is nothing at {context.Request.Path}"),
        StatusCodes.Status405MethodNotAllowed => WriteAsync(context, StatusCodes.Status405MethodNotAllowed, $"{context.Request.Path} takes {context.Response.Headers.Allow}, not {context.Request.Method}"),
        _ => Task.CompletedTask,
    };
}

/// <summary>The body of every answer of the admin API that is no success.</summary>
/// <param name="Error">One sentence.</param>
/// <param name="Problems">What it is made of, one line each; null: it stands for itself.</param>
internal sealed record AdminError(string Error, IReadOnlyList<string>? Problems = null);
