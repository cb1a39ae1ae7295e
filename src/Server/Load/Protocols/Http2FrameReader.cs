using System.Buffers.Binary;
using Actors443.Server.Load.Clients;

namespace Actors443.Server.Load.Protocols;

/// <summary>Takes frames as they come.</summary>
internal interface IHttp2FrameSink
{
    /// <summary>Part of a DATA frame's payload, padding included.</summary>
    /// <param name="length">Bytes in this part.</param>
    /// <param name="endsStream">It is the last part of the frame that ends its stream.</param>
    void DataReceived(int stream, int length, bool endsStream);

    /// <summary>A whole frame of any other type.</summary>
    void FrameReceived(byte type, byte flags, int stream, ReadOnlySpan<byte> payload);

    void FrameTooLarge();
}

/// <summary>Cuts bytes into frames. DATA is passed on in parts, other frames whole. Begins anew with <see cref="Reset"/>.</summary>
internal sealed class Http2FrameReader(IHttp2FrameSink sink)
{
    private readonly OutputBuffer _partial = new(1024);
    private int _dataLeft;
    private int _dataStream;
    private bool _dataEndsStream;
    private bool _stopped;

    public void Reset()
    {
        _partial.Release();
        _dataLeft = 0;
        _stopped = false;
    }

    /// <summary>Nothing more is passed on until <see cref="Reset"/>.</summary>
    public void Stop() => _stopped = true;

    public void Read(ReadOnlySpan<byte> bytes)
    {
        if (!_partial.IsEmpty)
        {
            _partial.Append(bytes);
            int taken = ReadWhole(_partial.Pending);
            if (_stopped)
                return;
            _partial.Take(taken);
            if (_partial.IsEmpty)
                _partial.Release();
            return;
        }

        int used = ReadWhole(bytes);
        if (!_stopped && used < bytes.Length)
            _partial.Append(bytes[used..]);
    }

    private int ReadWhole(ReadOnlySpan<byte> bytes)
    {
        int position = 0;
        while (!_stopped)
        {
            ReadOnlySpan<byte> rest = bytes[position..];
            if (_dataLeft > 0)
            {
                if (rest.IsEmpty)
                    break;
                int part = Math.Min(_dataLeft, rest.Length);
                _dataLeft -= part;
                position += part;
                sink.DataReceived(_dataStream, part, _dataLeft == 0 && _dataEndsStream);
                continue;
            }

            if (rest.Length < Http2Frames.HeaderLength)
                break;
            int length = rest[0] << 16 | rest[1] << 8 | rest[2];
            byte type = rest[3];
            byte flags = rest[4];
            int stream = BinaryPrimitives.ReadInt32BigEndian(rest[5..]) & 0x7FFFFFFF;
            if (length > Http2Frames.LargestPayload)
            {
                sink.FrameTooLarge();
                break;
            }

            if (type == Http2Frames.Data)
            {
                position += Http2Frames.HeaderLength;
                _dataLeft = length;
                _dataStream = stream;
                _dataEndsStream = (flags & Http2Frames.EndStream) != 0;
                if (length == 0)
                    sink.DataReceived(stream, 0, _dataEndsStream);
                continue;
            }

            if (rest.Length < Http2Frames.HeaderLength + length)
                break;
            position += Http2Frames.HeaderLength + length;
            sink.FrameReceived(type, flags, stream, rest.Slice(Http2Frames.HeaderLength, length));
        }

        return position;
    }
}
