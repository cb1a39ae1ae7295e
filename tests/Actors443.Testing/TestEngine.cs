namespace Actors443.Testing;

/// <summary>Which engine the servers of the tests use: <c>ACTORS443_TEST_ENGINE</c>, else what a user gets.</summary>
internal static class TestEngine
{
    public static string Name { get; } = Environment.GetEnvironmentVariable("ACTORS443_TEST_ENGINE") is { Length: > 0 } name ? name : "auto";

    /// <summary>As with <c>--set</c>; a test that names an engine itself wins.</summary>
    public static string Setting => $"engine={Name}";
}
