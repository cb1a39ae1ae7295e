using System.Globalization;
using Actors443.Configuration.Reading;
using Actors443.Connections;
using Actors443.Connections.Directory;

namespace Actors443.Server.Admin;

/// <summary>Which connections to list, in which order and how many.</summary>
internal sealed record ConnectionQuery
{
    public const int DefaultLimit = 100;
    public const int MaximumLimit = 10_000;

    private static readonly string[] Parameters = ["where", "sort", "state", "sni", "listener", "offset", "limit"];

    public ConnectionOrder Order { get; init; } = ConnectionOrder.Age;

    /// <summary>Only those that it means.</summary>
    public ConnectionFilter Where { get; init; } = ConnectionFilter.All;

    /// <summary>Only those in this state; null: all.</summary>
    public ConnectionState? State { get; init; }

    /// <summary>Only those for this server name, exact or <c>*.example.com</c>; null: all.</summary>
    public string? ServerName { get; init; }

    /// <summary>Only those of this listener; null: all.</summary>
    public string? Listener { get; init; }

    public int Offset { get; init; }

    public int Limit { get; init; } = DefaultLimit;

    /// <summary>All conditions together.</summary>
    public ConnectionFilter Filter
    {
        get
        {
            ConnectionFilter filter = Where;
            if (State is { } state)
                filter = filter.And(ConnectionFilter.Parse($"state = {Name(state)}"));
            if (ServerName is not null)
                filter = filter.And(ConnectionFilter.Parse($"sni = \"{ServerName}\""));
            if (Listener is not null)
                filter = filter.And(ConnectionFilter.Parse($"listener = \"{Listener}\""));
            return filter;
        }
    }

    /// <summary>Reads the query of a request. False with a sentence that names the parameter and what it may be.</summary>
    public static bool TryParse(IQueryCollection query, out ConnectionQuery result, out string? problem)
    {
        result = new ConnectionQuery();
        problem = null;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in query)
        {
            string value = values.Count == 1 ? values[0] ?? "" : "";
            if (values.Count != 1)
                problem = $"{name} is given {values.Count} times; give it once";
            else
                result = result.With(name, value, out problem);
            if (problem is not null)
                return false;
        }

        return true;
    }

    /// <summary>The page that was asked for.</summary>
    public async Task<ConnectionPage> AskAsync(IConnectionDirectory directory, CancellationToken cancellationToken)
    {
        ConnectionsFound found = await directory.FindAsync(Filter, Order, Offset + Limit, cancellationToken);
        return new ConnectionPage(found.Total, found.Matched, Offset, [.. found.Connections.Skip(Offset)], found.Silent);
    }

    /// <summary>As the query of a URL, <c>?…</c>.</summary>
    public string ToQueryString()
    {
        QueryString query = QueryString.Create("sort", Name(Order));
        if (Where.Text.Length > 0)
            query = query.Add("where", Where.Text);
        if (State is { } state)
            query = query.Add("state", Name(state));
        if (ServerName is not null)
            query = query.Add("sni", ServerName);
        if (Listener is not null)
            query = query.Add("listener", Listener);
        return query.Add("offset", Offset.ToString(CultureInfo.InvariantCulture)).Add("limit", Limit.ToString(CultureInfo.InvariantCulture)).ToUriComponent();
    }

    /// <summary>An enum's value as people write it: <c>hello-read</c>.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => SettingsValueTypes.NameOf(value);

    public static IReadOnlyList<string> Names<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(Name)];

    public static bool TryParseName<T>(string text, out T value)
        where T : struct, Enum
    {
        value = Enum.GetValues<T>().FirstOrDefault(candidate => Name(candidate).Equals(text, StringComparison.OrdinalIgnoreCase));
        return Name(value).Equals(text, StringComparison.OrdinalIgnoreCase);
    }

    private ConnectionQuery With(string name, string value, out string? problem)
    {
        problem = null;
        switch (name)
        {
            case "where" when ConnectionFilter.TryParse(value, out ConnectionFilter? filter, out problem):
                return this with { Where = filter };
            case "sort" when TryParseName(value, out ConnectionOrder order):
                return this with { Order = order };
            case "state" when TryParseName(value, out ConnectionState state):
                return this with { State = state };
            case "sni" when IsName(value):
                return this with { ServerName = value };
            case "listener" when IsName(value):
                return this with { Listener = value };
            case "offset" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int offset):
                return this with { Offset = offset };
            case "limit" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is > 0 and <= MaximumLimit:
                return this with { Limit = limit };
        }

        problem = name switch
        {
            "where" => $"where: {problem}",
            "sort" => $"sort '{value}' is not known; give one of {string.Join(", ", Names<ConnectionOrder>())}",
            "state" => $"state '{value}' is not known; give one of {string.Join(", ", Names<ConnectionState>())}",
            "sni" or "listener" => value.Length == 0 ? $"{name} is empty; give a name or leave it out" : $"{name} '{value}' has a quotation mark; give a name",
            "offset" => $"offset '{value}' is not a number from 0",
            "limit" => $"limit '{value}' is not a number from 1 to {MaximumLimit}",
            _ => $"'{name}' is not a parameter; there are {string.Join(", ", Parameters)}",
        };
        return this;
    }

    private static bool IsName(string value) => value.Length > 0 && !value.Contains('"', StringComparison.Ordinal);
}
