using System.Collections.Frozen;
using System.Net;
using System.Text;
using Actors443.Server.Configuration;
using Microsoft.Extensions.Primitives;

namespace Actors443.Server.AccessLogs;

/// <summary>
/// What the access log may not tell: values of query parameters and headers whose names are on a list. Names are compared as an application would read them, decoded and without regard to case, so that
/// <c>%74oken=</c> hides nothing. Immutable; allocates only for what it hides.
/// </summary>
internal sealed class AccessLogRedaction(AccessLogSettings settings)
{
    /// <summary>Stands for what is hidden.</summary>
    public const string Hidden = "…";

    private const char Mark = '…';

    private readonly FrozenSet<string> _names = settings.Redact.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public AccessLogSettings Settings => settings;

    /// <summary>A target or referer, without what may not be told.</summary>
    public string Address(string written)
    {
        int query = written.IndexOf('?', StringComparison.Ordinal);
        // Of a referer; a browser leaves user and password out, others may not.
        int scheme = written.IndexOf("://", StringComparison.Ordinal);
        if (query < 0 && scheme < 0)
            return written;
        string place = query < 0 ? written : written[..query];
        string shown = scheme > 0 && scheme < place.Length ? WithoutUser(place, scheme + 3) : place;
        if (query < 0)
            return shown;
        return settings.RedactQuery ? $"{shown}?{Hidden}" : Query(written, query + 1) is { } redacted ? shown + redacted : ReferenceEquals(shown, place) ? written : shown + written[query..];
    }

    /// <summary>The value of a header; null: it is not there.</summary>
    public string? Header(string name, in StringValues values) => values.Count == 0 ? null : _names.Contains(name) ? Hidden : values.ToString();

    private static string WithoutUser(string place, int authority)
    {
        int end = place.AsSpan(authority).IndexOf('/') is >= 0 and var slash ? authority + slash : place.Length;
        int at = place.AsSpan(authority, end - authority).LastIndexOf('@');
        return at < 0 ? place : $"{place[..authority]}{Hidden}{place[(authority + at)..]}";
    }

    // With the question mark; null: there is nothing to hide.
    private string? Query(string written, int begin)
    {
        StringBuilder? redacted = null;
        int kept = begin;
        for (int at = begin; at <= written.Length;)
        {
            int end = written.AsSpan(at).IndexOfAny('&', ';') is >= 0 and var next ? at + next : written.Length;
            int equals = written.AsSpan(at, end - at).IndexOf('=');
            if (equals > 0 && IsHidden(written.Substring(at, equals)))
            {
                // For some a semicolon ends a value, for others it is part of it.
                end = written.AsSpan(end).IndexOf('&') is >= 0 and var more ? end + more : written.Length;
                redacted ??= new StringBuilder("?");
                redacted.Append(written, kept, at + equals + 1 - kept).Append(Mark);
                kept = end;
            }

            at = end + 1;
        }

        return redacted?.Append(written, kept, written.Length - kept).ToString();
    }

    private bool IsHidden(string name)
    {
        if (_names.Contains(name))
            return true;
        if (name.AsSpan().IndexOfAny('%', '+', '[') < 0)
            return false;
        string decoded = WebUtility.UrlDecode(name);
        // user[password]=, as some frameworks write it.
        return _names.Contains(decoded) || decoded.Split(['[', ']', '.'], StringSplitOptions.RemoveEmptyEntries).Any(_names.Contains);
    }
}
