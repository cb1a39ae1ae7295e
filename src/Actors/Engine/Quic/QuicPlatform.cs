using System.Net.Quic;

namespace Actors443.Engine.Quic;

/// <summary>Whether this machine can speak QUIC (RFC 9000): .NET does with libmsquic, which is not part of it.</summary>
internal static class QuicPlatform
{
    /// <summary>What is missing and how to get it; null: nothing.</summary>
    public static string? Missing { get; } = IsSupported()
        ? null
        : "QUIC needs libmsquic 2.2 or later on the library path, and there is none. Install it (apt install libmsquic from packages.microsoft.com, apk add libmsquic), or set https.http3 = off";

    private static bool IsSupported() => (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() || OperatingSystem.IsWindows()) && QuicListener.IsSupported;
}
