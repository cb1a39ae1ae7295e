namespace Actors443.Testing;

/// <summary>What the nodes of clusters in tests speak with each other by: <c>ACTORS443_TEST_TRANSPORT</c>, <c>https</c> or <c>dot-netty</c>; else what a user gets.</summary>
internal static class TestTransport
{
    private static bool IsDotNetty { get; } = Environment.GetEnvironmentVariable("ACTORS443_TEST_TRANSPORT") == "dot-netty";

    /// <summary>As with <c>--set</c>: the others reach a node by this port, and clients too if it is that of the https listener.</summary>
    public static string At(int port) => IsDotNetty ? $"cluster.bind=\"127.0.0.1:{port}\"" : $"https.bind=\"127.0.0.1:{port}\"";
}
