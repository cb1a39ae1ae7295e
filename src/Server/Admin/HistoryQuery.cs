using System.Globalization;
using Actors443.Connections.History;

namespace Actors443.Server.Admin;

/// <summary>Whose past is asked for, and how much of it.</summary>
internal sealed record HistoryQuery(HistorySubject Of, int Limit)
{
    public const int DefaultLimit = 10;
    public const int MaximumLimit = 1000;

    /// <summary>Reads the query of a request. False with a sentence that names the parameter and what it may be.</summary>
    public static bool TryParse(IQueryCollection query, out HistoryQuery result, out string? problem)
    {
        result = new HistoryQuery(HistorySubject.All, DefaultLimit);
        problem = query.Keys.Except(["of", "limit"]).FirstOrDefault() is { } unknown ? $"there is no parameter {unknown}; there are of and limit" : null;
        if (problem is null && query.TryGetValue("of", out var of))
        {
            if (HistorySubject.TryParse(of.ToString(), out HistorySubject? subject, out problem))
                result = result with { Of = subject };
        }

        if (problem is null && query.TryGetValue("limit", out var limit))
        {
            if (int.TryParse(limit.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is > 0 and <= MaximumLimit)
                result = result with { Limit = count };
            else
                problem = $"limit={limit} is not a number from 1 to {MaximumLimit}";
        }

        return problem is null;
    }

    public string ToQueryString() => QueryString.Create("of", Of.Text).Add("limit", Limit.ToString(CultureInfo.InvariantCulture)).ToString();
}
