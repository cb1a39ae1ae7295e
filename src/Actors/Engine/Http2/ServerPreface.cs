namespace Actors443.Engine.Http2;

/// <summary>
/// What a server says first on an HTTP/2 connection: SETTINGS (RFC 9113 3.4). Kestrel says GOAWAY first when it is asked to stop before it has read the client's own preface, and a client that takes
/// nothing before SETTINGS then fails the request that it has opened the connection for. Empty SETTINGS in front of that GOAWAY change nothing, and the client sends its request elsewhere.
/// </summary>
internal static class ServerPreface
{
    private static readonly byte[] Empty = [0, 0, 0, FrameHead.Settings, 0, 0, 0, 0, 0];

    /// <summary>A SETTINGS frame that sets nothing.</summary>
    public static ReadOnlyMemory<byte> Settings => Empty;

    /// <summary>Whether Kestrel has left it out.</summary>
    /// <param name="first">What it says first, from the head of a frame on.</param>
    public static bool IsMissingBefore(ReadOnlySpan<byte> first) => first.Length > 3 && first[3] != FrameHead.Settings;
}
