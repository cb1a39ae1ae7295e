namespace Actors443.Configuration.Hocon;

/// <summary>Where a setting was written.</summary>
/// <param name="File">File name as the user gave it, or <c>--set KEY</c>.</param>
/// <param name="Line">From 1; 0 where lines mean nothing.</param>
internal readonly record struct HoconPosition(string File, int Line);

/// <summary>
/// Where every setting was last written, and what refers to what. Akka's parser, which gives the settings their meaning, keeps no
/// positions, so <see cref="HoconScanner"/> collects them beside it. Not thread-safe while scanning.
/// </summary>
internal sealed class HoconLines
{
    private readonly Dictionary<string, HoconPosition> _positions = new(StringComparer.Ordinal);
    private readonly List<(string Field, string Target, HoconPosition Position)> _references = [];

    /// <summary>All paths that were written.</summary>
    public IReadOnlyCollection<string> Paths => _positions.Keys;

    /// <summary>A path was written. A value that is not a section replaces whatever was below the path before.</summary>
    public void Assign(string path, HoconPosition position, bool replaces)
    {
        if (replaces)
        {
            foreach (string below in _positions.Keys.Where(known => HoconPath.IsBelow(known, path)).ToList())
                _positions.Remove(below);
            _references.RemoveAll(reference => reference.Field == path || HoconPath.IsBelow(reference.Field, path));
        }

        _positions[path] = position;
    }

    public void Refer(string field, string target, HoconPosition position) => _references.Add((field, target, position));

    public bool Contains(string path) => _positions.ContainsKey(path);

    /// <summary>The position of the path, or of the nearest thing around it that was written; null if nothing was.</summary>
    public HoconPosition? Find(string path)
    {
        for (string? at = path; at is not null; at = HoconPath.Parent(at))
        {
            if (_positions.TryGetValue(at, out HoconPosition position))
                return position;
        }

        return null;
    }

    /// <summary>Fields whose <c>${…}</c> leads back to themselves: Akka's parser would follow them for ever.</summary>
    public IEnumerable<(string Field, HoconPosition Position)> FindCircles()
    {
        foreach ((string field, string target, HoconPosition position) in _references)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var next = new Stack<string>([target]);
            while (next.TryPop(out string? at))
            {
                if (Touches(at, field))
                {
                    yield return (field, position);
                    break;
                }

                if (!seen.Add(at))
                    continue;
                foreach ((string other, string otherTarget, _) in _references)
                {
                    if (Touches(at, other))
                        next.Push(otherTarget);
                }
            }
        }
    }

    private static bool Touches(string a, string b) => a == b || HoconPath.IsBelow(a, b) || HoconPath.IsBelow(b, a);
}
