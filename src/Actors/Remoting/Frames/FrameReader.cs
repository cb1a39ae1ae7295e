using System.Buffers;
using System.Buffers.Binary;

namespace Actors443.Remoting.Frames;

/// <summary>
/// Takes frames out of a stream, wherever its bytes are cut. Every byte is copied once, into the frame that Akka keeps; memory is taken for one frame at a time, and for none that is too
/// long. Not thread-safe.
/// </summary>
/// <param name="maximum">Bytes of a frame of Akka's at most.</param>
internal sealed class FrameReader(int maximum)
{
    private readonly byte[] _header = new byte[Frame.HeaderLength];
    private int _headerLength;
    private byte[]? _body;
    private int _bodyLength;
    private bool _isControl;

    /// <summary>Akka's frames may come. Before, they are refused unread, whatever they are.</summary>
    public bool TakesMessages { get; set; }

    /// <summary>After <see cref="FrameStatus.Bad"/>: what is wrong.</summary>
    public string? Problem { get; private set; }

    /// <summary>The next frame.</summary>
    /// <param name="bytes">What has come; what is taken is cut off.</param>
    /// <param name="frame">If complete.</param>
    public FrameStatus TryRead(ref ReadOnlySequence<byte> bytes, out Frame frame)
    {
        frame = default;
        while (Problem is null && !bytes.IsEmpty)
        {
            if (_body is null)
            {
                ReadHeader(ref bytes);
                continue;
            }

            ReadOnlySpan<byte> first = bytes.FirstSpan;
            int count = Math.Min(first.Length, _body.Length - _bodyLength);
            first[..count].CopyTo(_body.AsSpan(_bodyLength));
            _bodyLength += count;
            bytes = bytes.Slice(count);
            if (_bodyLength < _body.Length)
                continue;
            frame = new Frame(_isControl, _body);
            _body = null;
            return FrameStatus.Complete;
        }

        return Problem is null ? FrameStatus.Incomplete : FrameStatus.Bad;
    }

    /// <summary>Writes what comes before a body.</summary>
    public static void WriteHeader(Span<byte> to, int length, bool isControl) => BinaryPrimitives.WriteUInt32BigEndian(to, (uint)length | (isControl ? Frame.Control : 0));

    private void ReadHeader(ref ReadOnlySequence<byte> bytes)
    {
        int count = (int)Math.Min(bytes.Length, Frame.HeaderLength - _headerLength);
        bytes.Slice(0, count).CopyTo(_header.AsSpan(_headerLength));
        bytes = bytes.Slice(count);
        _headerLength += count;
        if (_headerLength < Frame.HeaderLength)
            return;
        _headerLength = 0;
        uint header = BinaryPrimitives.ReadUInt32BigEndian(_header);
        _isControl = (header & Frame.Control) != 0;
        uint length = header & ~Frame.Control;
        Problem = ProblemOf(length);
        if (Problem is not null)
            return;
        _body = GC.AllocateUninitializedArray<byte>((int)length);
        _bodyLength = 0;
    }

    private string? ProblemOf(uint length) => this switch
    {
        { _isControl: false, TakesMessages: false } => "a message before the sender has said who it is",
        _ when length == 0 => "an empty frame",
        { _isControl: true } when length > Frame.LongestControl => $"a frame of {length} bytes of the transport's own, of which {Frame.LongestControl} are the most",
        { _isControl: false } when length > maximum => $"a frame of {length} bytes; maximum-frame-size is {maximum}",
        _ => null,
    };
}
