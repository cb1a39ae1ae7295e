namespace Actors443.Server.Admin.OpenApi;

/// <summary>What a request of the admin API does, for <c>openapi.json</c>.</summary>
internal sealed record ApiOperation(string Summary)
{
    /// <summary>What the body of its answer is written from; null: there is no body.</summary>
    public Type? Answer { get; init; }

    /// <summary>What the body of the request is read into, as JSON; null: there is none.</summary>
    public Type? Body { get; init; }

    /// <summary>A change that is refused without If-Match.</summary>
    public bool NeedsIfMatch { get; init; }

    /// <summary>When it was done.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    public string ContentType { get; init; } = "application/json";

    /// <summary>Names of query parameters with what they mean; those that must be there end in <c>!</c>.</summary>
    public IReadOnlyList<(string Name, string Meaning)> Query { get; init; } = [];
}

/// <summary>Says what routes do where they are made.</summary>
internal static class ApiDescription
{
    public static void Describe<TAnswer>(this IEndpointConventionBuilder route, string summary, params IReadOnlyList<(string Name, string Meaning)> query) =>
        route.WithMetadata(new ApiOperation(summary) { Answer = typeof(TAnswer), Query = query });

    public static void Describe(this IEndpointConventionBuilder route, ApiOperation operation) => route.WithMetadata(operation);
}
