using System.Globalization;
using System.Security.Authentication;
using Actors443.Connections;

namespace Actors443.Server.Admin;

/// <summary>What connections are listed first.</summary>
internal enum ConnectionOrder
{
    /// <summary>The oldest.</summary>
    Age,

    /// <summary>Those with the most requests.</summary>
    Requests,

    /// <summary>Those that moved the most bytes, both ways together.</summary>
    Bytes,
}

/// <summary>Which connections to list, in which order and how many.</summary>
internal sealed record ConnectionQuery
{
    public const int DefaultLimit = 100;
    public const int MaximumLimit = 10_000;

    private static readonly string[] Parameters = ["sort", "state", "sni", "listener", "offset", "limit"];

    public ConnectionOrder Order { get; init; } = ConnectionOrder.Age;

    /// <summary>Only those in this state; null: all.</summary>
    public ConnectionState? State { get; init; }

    /// <summary>Only those for this server name, exact or <c>*.example.com</c>; null: all.</summary>
    public string? ServerName { get; init; }

    /// <summary>Only those of this listener; null: all.</summary>
    public string? Listener { get; init; }

    public int Offset { get; init; }

    public int Limit { get; init; } = DefaultLimit;

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

    /// <summary>Leaves what matches, sorts it and takes the page.</summary>
    public ConnectionPage Apply(IReadOnlyList<ConnectionSnapshot> connections)
    {
        ConnectionSnapshot[] matched = [.. connections.Where(Matches)];
        IOrderedEnumerable<ConnectionSnapshot> sorted = Order switch
        {
            ConnectionOrder.Requests => matched.OrderByDescending(connection => connection.Requests),
            ConnectionOrder.Bytes => matched.OrderByDescending(connection => connection.BytesRead + connection.BytesWritten),
            _ => matched.OrderByDescending(connection => connection.Age),
        };
        ConnectionReport[] page = [.. sorted.ThenByDescending(connection => connection.Age).ThenBy(connection => connection.Id, StringComparer.Ordinal).Skip(Offset).Take(Limit).Select(Report)];
        return new ConnectionPage(connections.Count, matched.Length, Offset, page);
    }

    /// <summary>As the query of a URL, <c>?…</c>.</summary>
    public string ToQueryString()
    {
        QueryString query = QueryString.Create("sort", Name(Order));
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
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    public static IReadOnlyList<string> Names<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(Name)];

    public static bool TryParseName<T>(string text, out T value)
        where T : struct, Enum
    {
        value = Enum.GetValues<T>().FirstOrDefault(candidate => Name(candidate).Equals(text, StringComparison.OrdinalIgnoreCase));
        return Name(value).Equals(text, StringComparison.OrdinalIgnoreCase);
    }

    private static ConnectionReport Report(ConnectionSnapshot connection) => new()
    {
        Id = connection.Id,
        Listener = connection.Listener,
        State = Name(connection.State),
        Remote = connection.Remote.ToString(),
        Proxy = connection.Proxy?.ToString(),
        Ja4 = connection.Ja4,
        AgeSeconds = Math.Round(connection.Age.TotalSeconds, 3),
        IdleSeconds = Math.Round(connection.Idle.TotalSeconds, 3),
        ServerName = connection.ServerName,
        ApplicationProtocol = connection.ApplicationProtocol,
        TlsVersion = connection.TlsVersion switch
        {
            SslProtocols.Tls13 => "1.3",
            SslProtocols.Tls12 => "1.2",
            null or SslProtocols.None => null,
            { } other => other.ToString(),
        },
        CipherSuite = connection.CipherSuite?.ToString(),
        Resumed = connection.Resumed,
        ClientCertificate = connection.ClientCertificate,
        Route = connection.Route,
        Upstream = connection.Upstream,
        Requests = connection.Requests,
        RequestsInFlight = connection.RequestsInFlight,
        BytesRead = connection.BytesRead,
        BytesWritten = connection.BytesWritten,
    };

    private bool Matches(ConnectionSnapshot connection) =>
        (State is null || connection.State == State)
        && (Listener is null || connection.Listener.Equals(Listener, StringComparison.OrdinalIgnoreCase))
        && (ServerName is null || MatchesName(connection.ServerName));

    private bool MatchesName(string? name) => ServerName!.StartsWith("*.", StringComparison.Ordinal)
        ? name is not null && name.EndsWith(ServerName[1..], StringComparison.OrdinalIgnoreCase)
        : string.Equals(ServerName, name, StringComparison.OrdinalIgnoreCase);

    private ConnectionQuery With(string name, string value, out string? problem)
    {
        problem = null;
        switch (name)
        {
            case "sort" when TryParseName(value, out ConnectionOrder order):
                return this with { Order = order };
            case "state" when TryParseName(value, out ConnectionState state):
                return this with { State = state };
            case "sni" when value.Length > 0:
                return this with { ServerName = value };
            case "listener" when value.Length > 0:
                return this with { Listener = value };
            case "offset" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int offset):
                return this with { Offset = offset };
            case "limit" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is > 0 and <= MaximumLimit:
                return this with { Limit = limit };
        }

        problem = name switch
        {
            "sort" => $"sort '{value}' is not known; give one of {string.Join(", ", Names<ConnectionOrder>())}",
            "state" => $"state '{value}' is not known; give one of {string.Join(", ", Names<ConnectionState>())}",
            "sni" or "listener" => $"{name} is empty; give a name or leave it out",
            "offset" => $"offset '{value}' is not a number from 0",
            "limit" => $"limit '{value}' is not a number from 1 to {MaximumLimit}",
            _ => $"'{name}' is not a parameter; there are {string.Join(", ", Parameters)}",
        };
        return this;
    }
}
