using System.Text;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Protocols;

/// <summary>One kind of abuse. Something is done when the connection opens, and again with each <see cref="Act"/>.</summary>
internal sealed class AbuseProtocol(AbuseKind kind, Uri target, LoopRecorder recorder) : ClientProtocol
{
    private const int GarbageLength = 512;
    private const int SlowReadLength = 64;
    private const int HeaderFrameLength = 4 * 1024;
    private const int MostUnsent = 256 * 1024;

    private static readonly byte[] HeaderFragment = CreateHeaderFragment();

    private readonly RequestTemplate _request = RequestTemplate.Of("GET", target.PathAndQuery, [], target, default);
    private int _stream;

    public override string Waiting => "abuse";

    /// <summary>Nothing is waited for: the server may take its time to notice.</summary>
    public override long OldestRequest => long.MaxValue;

    /// <summary>It does something again and again on one connection, rather than once on many.</summary>
    public static bool Repeats(AbuseKind kind) => kind is not (AbuseKind.Silent or AbuseKind.HalfHandshake or AbuseKind.Garbage);

    /// <summary>It is meant to be slow: once a second if no rate is given.</summary>
    public static bool IsSlow(AbuseKind kind) => kind is AbuseKind.Slowloris or AbuseKind.SlowBody or AbuseKind.SlowRead;

    public static bool IsHttp2(AbuseKind kind) => kind is AbuseKind.RapidReset or AbuseKind.HeaderBomb;

    public override void Opened()
    {
        _stream = 1;
        OutputBuffer output = Connection.Output;
        switch (kind)
        {
            case AbuseKind.Slowloris:
                output.Append(Encoding.ASCII.GetBytes($"GET {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Authority}\r\nX-Slow: "));
                break;
            case AbuseKind.SlowBody:
                output.Append(Encoding.ASCII.GetBytes($"POST {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Authority}\r\nContent-Length: 1000000\r\n\r\n"));
                break;
            case AbuseKind.SlowRead:
                output.Append(_request.Http1);
                break;
            case AbuseKind.Garbage:
                Random.Shared.NextBytes(output.Append(GarbageLength));
                break;
            case AbuseKind.RapidReset or AbuseKind.HeaderBomb:
                output.Append(Http2Frames.Preface);
                Http2Frames.AppendSettings(output);
                break;
        }

        if (kind == AbuseKind.HeaderBomb)
        {
            ReadOnlySpan<byte> block = _request.Http2.Block(isFirst: true, hasTable: false);
            block.CopyTo(Http2Frames.Append(output, block.Length, Http2Frames.Headers, Http2Frames.EndStream, _stream));
        }

        if (!Repeats(kind))
            recorder.Events++;
    }

    /// <summary>Does it so many times more; fewer if the socket does not take it.</summary>
    public void Act(int times)
    {
        for (; times > 0 && Connection.IsOpen && Connection.Unsent < MostUnsent; times--)
        {
            recorder.Events++;
            switch (kind)
            {
                case AbuseKind.Slowloris or AbuseKind.SlowBody:
                    Connection.Output.Append("a"u8);
                    break;
                case AbuseKind.SlowRead:
                    Connection.ReadSome(SlowReadLength);
                    break;
                case AbuseKind.RapidReset:
                    ReadOnlySpan<byte> block = _request.Http2.Block(isFirst: _stream == 1, hasTable: true);
                    block.CopyTo(Http2Frames.Append(Connection.Output, block.Length, Http2Frames.Headers, Http2Frames.EndHeaders | Http2Frames.EndStream, _stream));
                    Http2Frames.AppendReset(Connection.Output, _stream, Http2Frames.Cancel);
                    _stream += 2;
                    break;
                case AbuseKind.HeaderBomb:
                    HeaderFragment.CopyTo(Http2Frames.Append(Connection.Output, HeaderFragment.Length, Http2Frames.Continuation, 0, _stream));
                    break;
            }
        }
    }

    public override void Received(ReadOnlySpan<byte> bytes)
    {
        // Whatever the server says: it is about what it does.
    }

    public override bool CloseIsFailure() => true;

    // Literal fields without a name worth keeping: x: aaaa…
    private static byte[] CreateHeaderFragment()
    {
        var fragment = new List<byte>();
        while (fragment.Count < HeaderFrameLength)
            fragment.AddRange([0x00, 0x01, (byte)'x', 0x40, .. Enumerable.Repeat((byte)'a', 0x40)]);
        return [.. fragment];
    }
}
