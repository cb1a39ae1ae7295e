using Actors443.Configuration.Reading;
using Actors443.Tunnels;

namespace Actors443.Server.Admin;

/// <summary>One tunnel as the admin API tells it. Times are in seconds, sizes in bytes.</summary>
internal sealed record TunnelReport
{
    public required string Id { get; init; }

    public required string Account { get; init; }

    /// <summary>How the client asked for it: <c>connect</c>, …</summary>
    public required string Method { get; init; }

    /// <summary>Host and port as the client asked for them.</summary>
    public required string Target { get; init; }

    /// <summary>Address and port connected to; null: not yet.</summary>
    public string? Address { get; init; }

    /// <summary>The client's address and port.</summary>
    public required string Client { get; init; }

    /// <summary>Id of the connection it came on.</summary>
    public required string Connection { get; init; }

    public required double AgeSeconds { get; init; }

    /// <summary>From the client to the target.</summary>
    public required long BytesUp { get; init; }

    /// <summary>From the target to the client.</summary>
    public required long BytesDown { get; init; }

    /// <summary>The oldest first.</summary>
    public static TunnelReport[] List(IReadOnlyList<TunnelSnapshot> tunnels) => [.. tunnels.OrderByDescending(tunnel => tunnel.Age).ThenBy(tunnel => tunnel.Id, StringComparer.Ordinal).Select(Of)];

    private static TunnelReport Of(TunnelSnapshot tunnel) => new()
    {
        Id = tunnel.Id,
        Account = tunnel.Account,
        Method = SettingsValueTypes.NameOf(tunnel.Method),
        Target = tunnel.Target,
        Address = tunnel.Address?.ToString(),
        Client = tunnel.Client.ToString(),
        Connection = tunnel.Connection,
        AgeSeconds = Math.Round(tunnel.Age.TotalSeconds, 3),
        BytesUp = tunnel.BytesUp,
        BytesDown = tunnel.BytesDown,
    };
}
