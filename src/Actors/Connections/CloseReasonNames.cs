using System.Text.RegularExpressions;

namespace Actors443.Connections;

/// <summary>The names of <see cref="CloseReason"/> in metrics and logs, made once.</summary>
public static partial class CloseReasonNames
{
    private static readonly string[] Tags = [.. Enum.GetNames<CloseReason>().Select(name => WordStart().Replace(name, "_").ToLowerInvariant())];

    /// <summary><c>ClientBanned</c> → <c>client_banned</c>. Allocates nothing.</summary>
    public static string ToTag(this CloseReason reason) => Tags[(int)reason];

    /// <summary>Worth an obituary: neither an orderly end nor one that somebody asked for.</summary>
    public static bool IsAbnormal(this CloseReason reason) => reason is not (CloseReason.None or CloseReason.ClientClosed or CloseReason.ServerClosed
        or CloseReason.Drained or CloseReason.ClosedByRequest or CloseReason.IdleTimeout or CloseReason.AgeLimit or CloseReason.ChallengeAnswered or CloseReason.UpstreamClosed);

    /// <summary>Worth being remembered: somebody may ask why. Neither the client's own end nor that of HTTP or an upstream in order.</summary>
    public static bool IsRemembered(this CloseReason reason) => reason.IsAbnormal() || reason is CloseReason.Drained or CloseReason.ClosedByRequest or CloseReason.IdleTimeout or CloseReason.AgeLimit;

    [GeneratedRegex("(?<!^)(?=[A-Z])")]
    private static partial Regex WordStart();
}
