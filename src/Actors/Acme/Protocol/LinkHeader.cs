namespace Actors443.Acme.Protocol;

/// <summary>The header Link (RFC 8288 3), as far as ACME needs it. Stateless.</summary>
internal static class LinkHeader
{
    /// <summary>The targets of all links with this relation, resolved against the page they are on.</summary>
    public static IEnumerable<Uri> Targets(IEnumerable<string> headers, string relation, Uri page)
    {
        foreach (string header in headers)
        {
            foreach ((string target, string parameters) in Links(header))
            {
                if (Relations(parameters).Contains(relation, StringComparer.OrdinalIgnoreCase) && Uri.TryCreate(page, target, out Uri? url))
                    yield return url;
            }
        }
    }

    private static IEnumerable<(string Target, string Parameters)> Links(string header)
    {
        int at = 0;
        while ((at = header.IndexOf('<', at)) >= 0)
        {
            int close = header.IndexOf('>', at);
            if (close < 0)
                yield break;
            int end = EndOfParameters(header, close + 1);
            yield return (header[(at + 1)..close], header[(close + 1)..end]);
            at = end;
        }
    }

    // A comma ends a link, unless it is quoted.
    private static int EndOfParameters(string header, int at)
    {
        bool quoted = false;
        for (; at < header.Length; at++)
        {
            if (header[at] == '"')
                quoted = !quoted;
            else if (header[at] == ',' && !quoted)
                break;
        }

        return at;
    }

    private static string[] Relations(string parameters)
    {
        foreach (string parameter in parameters.Split(';', StringSplitOptions.TrimEntries))
        {
            int equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && parameter.AsSpan(0, equals).Trim().Equals("rel", StringComparison.OrdinalIgnoreCase))
                return parameter[(equals + 1)..].Trim().Trim('"').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        return [];
    }
}
