namespace Actors443.Connections.Directory;

/// <summary>
/// Which connections are meant, as people write it: <c>principal = alice and age &gt; 1h</c>. Conditions are joined by <c>and</c>; texts are compared without case, <c>*</c> stands for
/// anything at either end, and what has blanks stands in quotes. Immutable.
/// </summary>
/// <remarks>
/// Keys: <c>id node listener state address sni principal certificate ja4 protocol tls route</c> with <c>=</c> and <c>!=</c> (an address may be a network, 10.0.0.0/8);
/// <c>age idle</c> (30s, 5m, 1h, 2d) and <c>requests bytes</c> (a number, 64KiB) with <c>&lt; &gt; &lt;= &gt;=</c>.
/// </remarks>
public sealed class ConnectionFilter
{
    private readonly ConnectionCondition[] _conditions;

    private ConnectionFilter(string text, ConnectionCondition[] conditions)
    {
        Text = text;
        _conditions = conditions;
    }

    /// <summary>All connections of all nodes.</summary>
    public static ConnectionFilter All { get; } = new("", []);

    /// <summary>Whether it says which protocol the connections speak, or names one by its id.</summary>
    internal bool NamesWhatTheyAre => Array.Exists(_conditions, condition => condition.NamesWhatItIs);

    /// <summary>
    /// Whether what is done to the connections that it means is done to this one. Those between nodes must be named for what they are: whoever closes all of a node, or all that are old, does not
    /// part the nodes of a cluster.
    /// </summary>
    internal bool Reaches(ConnectionSnapshot connection, bool isPeer) => (!isPeer || NamesWhatTheyAre) && Matches(connection);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Reads what was written; empty means all.</summary>
    /// <exception cref="FormatException">It cannot be understood; the message names what is wrong and what to write instead.</exception>
    public static ConnectionFilter Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out ConnectionFilter? filter, out string? problem) ? filter : throw new FormatException(problem);
    }

    /// <summary>Reads what was written; false with a sentence that says what is wrong and what to write instead.</summary>
    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ConnectionFilter? filter, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        filter = null;
        ConnectionCondition[] conditions = ConnectionFilterText.Read(text, out problem);
        if (problem is not null)
            return false;
        filter = new ConnectionFilter(text.Trim(), conditions);
        return true;
    }

    /// <summary>What cannot be written as text. Means something on this node alone.</summary>
    /// <param name="text">What it means, for people.</param>
    /// <param name="matches">Asked by connection supervisors on their own threads.</param>
    internal static ConnectionFilter Of(string text, Func<ConnectionSnapshot, bool> matches) => new(text, [new ConnectionCondition(null, matches)]);

    /// <summary>Those that both mean.</summary>
    public ConnectionFilter And(ConnectionFilter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Text.Length, other.Text.Length) switch
        {
            (0, _) => other,
            (_, 0) => this,
            _ => new ConnectionFilter($"{Text} and {other.Text}", [.. _conditions, .. other._conditions]),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>Whether any connection of that node can be meant.</summary>
    internal bool MayBeOn(string node) => Array.TrueForAll(_conditions, condition => condition.OfNode?.Invoke(node) ?? true);

    /// <summary>Whether it is meant, if it is on a node that may have such.</summary>
    internal bool Matches(ConnectionSnapshot connection) => Array.TrueForAll(_conditions, condition => condition.OfConnection?.Invoke(connection) ?? true);
}

/// <summary>One condition: of the node, or of the connection.</summary>
/// <param name="OfNode">By its name.</param>
/// <param name="OfConnection">Null: of the node.</param>
/// <param name="NamesWhatItIs">The protocol, or one connection alone.</param>
internal sealed record ConnectionCondition(Func<string, bool>? OfNode, Func<ConnectionSnapshot, bool>? OfConnection, bool NamesWhatItIs = false);
