using System.Reflection;

namespace Actors443.Server.Telemetry;

/// <summary>Which version this is.</summary>
internal static class ServerVersion
{
    /// <summary>For example <c>0.1.0</c>, without the commit.</summary>
    public static string Product { get; } = Informational().Split('+')[0];

    /// <summary>The commit it was built from, shortened; null if the build did not know it.</summary>
    public static string? Commit { get; } = Informational().Split('+') is [_, { Length: >= 7 } commit] ? commit[..Math.Min(12, commit.Length)] : null;

    private static string Informational() =>
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
