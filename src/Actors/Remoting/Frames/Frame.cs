namespace Actors443.Remoting.Frames;

/// <summary>One frame: four bytes, of which the first bit says whether it is ours or Akka's and the others how long the rest is, then that.</summary>
/// <param name="IsControl">It is the transport's own.</param>
/// <param name="Body">The receiver's, to be kept.</param>
internal readonly record struct Frame(bool IsControl, byte[] Body)
{
    public const int HeaderLength = 4;

    /// <summary>The bit of the transport's own frames.</summary>
    public const uint Control = 0x8000_0000;

    /// <summary>Of the transport's own frames: before it is known who speaks, nothing longer is taken.</summary>
    public const int LongestControl = 4 * 1024;
}

/// <summary>What a reader of frames has found.</summary>
internal enum FrameStatus
{
    /// <summary>All bytes are taken, and a frame is not complete.</summary>
    Incomplete,

    /// <summary>A frame.</summary>
    Complete,

    /// <summary>What comes is no frame, or a longer one than may come: the stream cannot be followed any more.</summary>
    Bad,
}
