using System.Buffers;
using System.Net.Security;
using Actors443.Tls;
using BenchmarkDotNet.Attributes;

namespace Actors443.Microbench;

/// <summary>What deciding by the ClientHello costs a connection: a real one of this platform's client, whole and in two pieces.</summary>
public class ClientHelloReading
{
    private ReadOnlySequence<byte> _whole;
    private ReadOnlySequence<byte> _pieces;

    [GlobalSetup]
    public void Setup()
    {
        byte[] hello = Capture();
        _whole = new ReadOnlySequence<byte>(hello);
        var first = new Piece(hello.AsMemory(0, 100), 0);
        Piece second = first.Append(hello.AsMemory(100));
        _pieces = new ReadOnlySequence<byte>(first, 0, second, second.Memory.Length);
        if (ClientHelloReader.TryRead(_whole, out _) != ClientHelloStatus.Complete)
            throw new InvalidOperationException("The captured hello cannot be read.");
    }

    [Benchmark]
    public bool Whole() => ClientHelloReader.TryRead(_whole, out _) == ClientHelloStatus.Complete;

    [Benchmark]
    public bool InTwoPieces() => ClientHelloReader.TryRead(_pieces, out _) == ClientHelloStatus.Complete;

    private static byte[] Capture()
    {
        using var wire = new Wire();
        using var client = new SslStream(wire);
        try
        {
            client.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "www.example.com", ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] });
        }
        catch (IOException)
        {
            // There is no server: the hello is all that is wanted.
        }

        return wire.Written.ToArray();
    }

    private sealed class Wire : MemoryStream
    {
        public MemoryStream Written { get; } = new();

        public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => Written.Write(buffer);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
