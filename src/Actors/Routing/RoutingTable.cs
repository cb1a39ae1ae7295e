using System.Buffers;
using System.Collections.Frozen;
using Actors443.Configuration;

namespace Actors443.Routing;

/// <summary>Which connections are led elsewhere, and where. Immutable: a reload publishes a new one.</summary>
internal sealed class RoutingTable
{
    private readonly FrozenDictionary<string, Route> _exact;
    private readonly FrozenDictionary<string, Route> _wildcard;
    private readonly FrozenDictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>> _wildcardByPart;
    private readonly FrozenSet<string> _own;
    private readonly FrozenDictionary<string, Route> _protocols;
    private readonly (FirstBytesPattern Pattern, Route Route)[] _patterns;

    /// <param name="routes">In the order of the settings.</param>
    /// <param name="own">Names that are served here, though a wildcard of a route has them.</param>
    public RoutingTable(IReadOnlyList<Route> routes, IEnumerable<string> own)
    {
        Routes = routes;
        ILookup<bool, (string Name, Route Route)> names = routes.SelectMany(route => route.Settings.ServerNames.Select(name => (name, route))).ToLookup(pair => pair.name.StartsWith("*.", StringComparison.Ordinal));
        _exact = names[false].ToFrozenDictionary(pair => pair.Name, pair => pair.Route, StringComparer.OrdinalIgnoreCase);
        _wildcard = names[true].ToFrozenDictionary(pair => pair.Name[2..], pair => pair.Route, StringComparer.OrdinalIgnoreCase);
        _wildcardByPart = _wildcard.GetAlternateLookup<ReadOnlySpan<char>>();
        _own = own.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _protocols = routes.SelectMany(route => route.Settings.ApplicationProtocols.Select(name => (name, route))).ToFrozenDictionary(pair => pair.name, pair => pair.route, StringComparer.Ordinal);
        _patterns = [.. routes.SelectMany(route => route.Settings.FirstBytes.Select(pattern => (pattern, route)))];
        Silent = routes.FirstOrDefault(route => route.Settings.SilentFor is not null);
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>For clients that say nothing for <see cref="ConnectionRouteSettings.SilentFor"/>; null: they are waited for.</summary>
    public Route? Silent { get; }

    /// <summary>Where TLS for a name is passed to; null: it is served here. Exact before wildcard (one label).</summary>
    public Route? ByServerName(string? name)
    {
        if (name is null || _exact.Count + _wildcard.Count == 0)
            return null;
        if (_exact.TryGetValue(name, out Route? route))
            return route;
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && _wildcardByPart.TryGetValue(name.AsSpan(dot + 1), out route) && !_own.Contains(name) ? route : null;
    }

    /// <summary>Where what TLS agreed upon is led to; null: nowhere.</summary>
    public Route? ByProtocol(string name) => _protocols.GetValueOrDefault(name);

    /// <summary>Where a connection that begins so is led to. The first pattern that matches decides, and is waited for while it can still match.</summary>
    /// <param name="bytes">All that has come.</param>
    /// <param name="undecided">More bytes are needed.</param>
    public Route? ByFirstBytes(in ReadOnlySequence<byte> bytes, out bool undecided)
    {
        undecided = false;
        if (_patterns.Length == 0 || bytes.IsEmpty)
            return null;
        Span<byte> start = stackalloc byte[Configuration.Reading.FirstBytesReading.Longest];
        int length = (int)Math.Min(bytes.Length, start.Length);
        bytes.Slice(0, length).CopyTo(start);
        foreach ((FirstBytesPattern pattern, Route route) in _patterns)
        {
            if (!Agrees(start[..length], pattern.Bytes))
                continue;
            undecided = length < pattern.Bytes.Count;
            return undecided ? null : route;
        }

        return null;
    }

    private static bool Agrees(ReadOnlySpan<byte> start, IReadOnlyList<int> pattern)
    {
        for (int index = 0; index < Math.Min(start.Length, pattern.Count); index++)
        {
            if (pattern[index] >= 0 && pattern[index] != start[index])
                return false;
        }

        return true;
    }
}
