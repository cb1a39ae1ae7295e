using Actors443.Tunnels.Egress;

namespace Actors443.Tests.Tunnels;

/// <summary>UDP in capsules (RFC 9297, RFC 9298): written, read back however it is cut, and what breaks the rules.</summary>
public sealed class CapsuleReaderTests
{
    private static readonly byte[][] Payloads = [[], [1], [.. Enumerable.Range(0, 62).Select(i => (byte)i)], [.. Enumerable.Range(0, 63).Select(i => (byte)i)], new byte[16_382], new byte[16_383], new byte[CapsuleReader.LargestPayload]];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1400)]
    [InlineData(int.MaxValue)]
    public void Payloads_come_out_as_they_went_in_however_they_are_cut(int cut)
    {
        var stream = new List<byte>();
        foreach (byte[] payload in Payloads)
        {
            // A capsule of an unknown type, one that is empty, and a datagram of another context: all passed over.
            stream.AddRange([0x40, 0x77, 2, 9, 9, 0x21, 0, 0, 3, 2, 8, 8]);
            byte[] header = new byte[8];
            stream.AddRange(header.Take(CapsuleReader.WriteHeader(header, payload.Length)));
            stream.AddRange(payload);
        }

        Assert.Equal(Payloads, Read([.. stream], cut));
    }

    [Fact]
    public void A_capsule_of_another_type_may_be_of_any_length()
    {
        var reader = new CapsuleReader();
        // Type 5, 2^62-1 bytes.
        ReadOnlyMemory<byte> start = new byte[] { 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
        Assert.False(reader.TryRead(ref start, out _));

        ReadOnlyMemory<byte> more = new byte[100_000];

        Assert.False(reader.TryRead(ref more, out _));
        Assert.True(more.IsEmpty);
    }

    [Theory]
    [InlineData("0000", "no context")]
    [InlineData("000140", "a context cut short")]
    [InlineData("0080010000", "65,536 bytes, of which context and payload are more than a packet holds")]
    public void What_breaks_the_rules_is_noticed(string capsule, string what)
    {
        byte[] bytes = [.. Convert.FromHexString(capsule), .. new byte[65_536]];

        InvalidDataException noticed = Assert.Throws<InvalidDataException>(() => Read(bytes, int.MaxValue));

        Assert.NotEmpty(noticed.Message + what);
    }

    [Fact]
    public void Whatever_comes_is_read_or_refused()
    {
        var random = new Random(9298);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            try
            {
                Assert.All(Read(bytes, random.Next(1, 60)), payload => Assert.True(payload.Length <= bytes.Length));
            }
            catch (InvalidDataException refused)
            {
                Assert.NotEmpty(refused.Message);
            }
        }
    }

    private static List<byte[]> Read(byte[] stream, int cut)
    {
        var reader = new CapsuleReader();
        var read = new List<byte[]>();
        for (int at = 0; at < stream.Length; at += Math.Min(cut, stream.Length - at))
        {
            ReadOnlyMemory<byte> part = stream.AsMemory(at, Math.Min(cut, stream.Length - at));
            while (reader.TryRead(ref part, out ReadOnlyMemory<byte> payload))
                read.Add(payload.ToArray());
        }

        return read;
    }
}
