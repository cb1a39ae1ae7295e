using System.Diagnostics.CodeAnalysis;
using System.Net;
using Actors443.Connections.Directory;
using Actors443.Engine;

namespace Actors443.Connections.History;

/// <summary>Whose past is asked for: a client's address, a network, one connection by its id, or everybody's. Immutable.</summary>
public sealed class HistorySubject
{
    private readonly string? _id;

    private HistorySubject(string text, IPNetwork? network, string? id)
    {
        Text = text;
        Network = network;
        _id = id;
    }

    /// <summary>Everybody.</summary>
    public static HistorySubject All { get; } = new("", null, null);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The clients that are meant; null: it is a connection, or everybody.</summary>
    internal IPNetwork? Network { get; }

    /// <summary>Those of it that are open.</summary>
    internal ConnectionFilter Open => this switch
    {
        { _id: { } id } => ConnectionFilter.Parse($"id = \"{id}\""),
        { Network: { } network } => ConnectionFilter.Parse($"address = {network}"),
        _ => ConnectionFilter.All,
    };

    /// <summary>Reads what was written: <c>203.0.113.9</c>, <c>2001:db8::/64</c>, a connection's id; empty means everybody.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="subject">What is meant.</param>
    /// <param name="problem">What is wrong with it, and what to write instead.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out HistorySubject? subject, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = text.Trim();
        problem = null;
        subject = trimmed.Length == 0 ? All
            : IPAddress.TryParse(trimmed, out IPAddress? address) && !trimmed.All(char.IsAsciiDigit) ? new HistorySubject(trimmed, PlainAddress.NetworkOf(PlainAddress.Of(address)), null)
            : IPNetwork.TryParse(trimmed, out IPNetwork network) ? new HistorySubject(trimmed, network, null)
            : trimmed.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or ':') ? new HistorySubject(trimmed, null, trimmed)
            : null;
        if (subject is null)
            problem = $"'{text}' is neither an address, nor a network, nor the id of a connection; write 203.0.113.9, 10.0.0.0/8 or an id as conns shows it";
        return subject is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    internal bool IsOf(Obituary obituary) => _id is null ? IsOf(obituary.Remote.Address) : _id.Equals(obituary.Id, StringComparison.OrdinalIgnoreCase);

    internal bool IsOf(IPAddress client) => _id is null && (Network is not { } network || network.Contains(PlainAddress.Of(client)));

    internal bool IsOf(IPNetwork clients) => _id is null && (Network is not { } network || network.Contains(clients.BaseAddress) || clients.Contains(network.BaseAddress));
}
