using System.Net;
using Actors443.Configuration.Reading;
using Actors443.Engine;
using Actors443.Tls;

namespace Actors443.Connections.Directory;

/// <summary>Reads the text of a <see cref="ConnectionFilter"/>.</summary>
internal static class ConnectionFilterText
{
    private static readonly string[] Operators = ["!=", "<=", ">=", "=", "<", ">"];

    private static readonly Dictionary<string, Func<string, string, (ConnectionCondition? Condition, string? Problem)>> Keys = new(StringComparer.Ordinal)
    {
        ["node"] = (sign, value) => Text(sign, value, is_ => new ConnectionCondition(is_, null)),
        ["id"] = OfText(connection => connection.Id, namesWhatItIs: true),
        ["listener"] = OfText(connection => connection.Listener),
        ["state"] = State,
        ["address"] = Address,
        ["sni"] = OfText(connection => connection.ServerName),
        ["principal"] = OfText(connection => connection.Principal ?? connection.ClientCertificate),
        ["certificate"] = OfText(connection => connection.ClientCertificate),
        ["ja4"] = OfText(connection => connection.Ja4),
        ["protocol"] = OfText(connection => connection.ApplicationProtocol, namesWhatItIs: true),
        ["tls"] = OfText(connection => connection.TlsVersion is { } version ? TlsNames.Version(version) : null),
        ["route"] = OfText(connection => connection.Route),
        ["age"] = OfNumber(connection => connection.Age.TotalSeconds, SettingsValueTypes.SecondsOf, "a duration such as 30s, 5m or 1h"),
        ["idle"] = OfNumber(connection => connection.Idle.TotalSeconds, SettingsValueTypes.SecondsOf, "a duration such as 30s, 5m or 1h"),
        ["requests"] = OfNumber(connection => connection.Requests, SettingsValueTypes.BytesOf, "a number"),
        ["bytes"] = OfNumber(connection => connection.BytesRead + connection.BytesWritten, SettingsValueTypes.BytesOf, "a number of bytes such as 65536 or 64KiB"),
    };

    /// <summary>The conditions, as far as there is no problem.</summary>
    public static ConnectionCondition[] Read(string text, out string? problem)
    {
        problem = null;
        var conditions = new List<ConnectionCondition>();
        var words = new Words(text);
        while (words.Next() is { } key)
        {
            if (conditions.Count > 0)
            {
                if (!key.Equals("and", StringComparison.OrdinalIgnoreCase))
                {
                    problem = $"'{key}' stands where 'and' is expected; join conditions by and";
                    return [];
                }

                key = words.Next() ?? "";
            }

            if (!Keys.TryGetValue(key.ToLowerInvariant(), out var read))
            {
                problem = key.Length == 0 ? "a condition is missing after 'and'" : $"'{key}' is nothing a connection has; {Advice(key)}";
                return [];
            }

            string? sign = words.Next(isSign: true);
            string? value = words.Next();
            if (sign is null || value is null || !Operators.Contains(sign))
            {
                problem = $"'{key}' needs a sign and a value, such as {key} {(key is "age" or "idle" ? "> 5m" : key is "requests" or "bytes" ? "> 1000" : "= something")}";
                return [];
            }

            (ConnectionCondition? condition, problem) = read(sign, value);
            if (condition is null)
            {
                problem = $"{key} {sign} {value}: {problem}";
                return [];
            }

            conditions.Add(condition);
        }

        return [.. conditions];
    }

    private static string Advice(string key) => KeySuggestion.Nearest(key, Keys.Keys) is { } nearest ? $"did you mean '{nearest}'?" : $"there are {string.Join(", ", Keys.Keys)}";

    private static Func<string, string, (ConnectionCondition?, string?)> OfText(Func<ConnectionSnapshot, string?> read, bool namesWhatItIs = false) =>
        (sign, value) => Text(sign, value, matches => new ConnectionCondition(null, connection => matches(read(connection)), namesWhatItIs && sign == "="));

    private static (ConnectionCondition?, string?) Text(string sign, string value, Func<Func<string?, bool>, ConnectionCondition> make)
    {
        if (sign is not ("=" or "!="))
            return (null, "it is a text, which is compared by = or !=");
        bool wanted = sign == "=";
        bool anyStart = value.StartsWith('*');
        bool anyEnd = value.Length > 1 && value.EndsWith('*');
        string part = value[(anyStart ? 1 : 0)..^(anyEnd ? 1 : 0)];
        return (make(text => Is(text) == wanted), null);

        bool Is(string? text) => text is not null && (anyStart, anyEnd) switch
        {
            (false, false) => text.Equals(part, StringComparison.OrdinalIgnoreCase),
            (true, false) => text.EndsWith(part, StringComparison.OrdinalIgnoreCase),
            (false, true) => text.StartsWith(part, StringComparison.OrdinalIgnoreCase),
            _ => text.Contains(part, StringComparison.OrdinalIgnoreCase),
        };
    }

    private static (ConnectionCondition?, string?) State(string sign, string value)
    {
        if (sign is not ("=" or "!="))
            return (null, "states are compared by = or !=");
        foreach (ConnectionState state in Enum.GetValues<ConnectionState>())
        {
            if (SettingsValueTypes.NameOf(state).Equals(value, StringComparison.OrdinalIgnoreCase))
                return (new ConnectionCondition(null, connection => connection.State == state == (sign == "=")), null);
        }

        return (null, $"there is no such state; there are {string.Join(", ", Enum.GetValues<ConnectionState>().Select(SettingsValueTypes.NameOf))}");
    }

    private static (ConnectionCondition?, string?) Address(string sign, string value)
    {
        if (sign is not ("=" or "!="))
            return (null, "addresses are compared by = or !=");
        if (!IPNetwork.TryParse(value, out IPNetwork network))
        {
            if (!IPAddress.TryParse(value, out IPAddress? address))
                return (null, "write an address or a network, such as 10.0.0.0/8");
            network = PlainAddress.NetworkOf(address);
        }

        return (new ConnectionCondition(null, connection => network.Contains(PlainAddress.Of(connection.Remote.Address)) == (sign == "=")), null);
    }

    private static Func<string, string, (ConnectionCondition?, string?)> OfNumber(Func<ConnectionSnapshot, double> read, Func<string, double?> parse, string example) => (sign, value) =>
    {
        if (parse(value) is not { } bound)
            return (null, $"write {example}");
        Func<double, bool> compare = sign switch
        {
            "<" => number => number < bound,
            ">" => number => number > bound,
            "<=" => number => number <= bound,
            ">=" => number => number >= bound,
            "=" => number => number.Equals(bound),
            _ => number => !number.Equals(bound),
        };
        return (new ConnectionCondition(null, connection => compare(read(connection))), null);
    };

    // Words, signs and quoted texts, in turn.
    private struct Words(string text)
    {
        private int _at;

        public string? Next(bool isSign = false)
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
            if (_at == text.Length)
                return null;
            int start = _at;
            if (isSign)
            {
                while (_at < text.Length && text[_at] is '=' or '<' or '>' or '!')
                    _at++;
                return text[start.._at];
            }

            if (text[_at] is '"' or '\'')
            {
                int end = text.IndexOf(text[_at], _at + 1);
                _at = end < 0 ? text.Length : end + 1;
                return end < 0 ? text[(start + 1)..] : text[(start + 1)..end];
            }

            while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && text[_at] is not ('=' or '<' or '>' or '!'))
                _at++;
            return text[start.._at];
        }
    }
}
