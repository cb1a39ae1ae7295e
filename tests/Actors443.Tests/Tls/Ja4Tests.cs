using System.Buffers.Binary;
using System.Text;
using Actors443.Tls;

namespace Actors443.Tests.Tls;

/// <summary>JA4 by the example of its specification, and what it is to be blind for.</summary>
public sealed class Ja4Tests
{
    private static readonly ushort[] Suites = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035];
    private static readonly ushort[] Types = [0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015];
    private static readonly ushort[] Algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];

    [Fact]
    public void The_example_of_the_specification() => Assert.Equal("t13d1516h2_8daaf6152771_e5627efa2ab1", Of(Suites, Types).ToString());

    [Fact]
    public void The_order_of_suites_and_extensions_and_GREASE_mean_nothing() =>
        Assert.Equal(Of(Suites, Types).ToString(), Of([0x3a3a, .. Suites.Reverse(), 0xfafa], [0x0a0a, .. Types.Reverse(), 0xdada], versions: [0x7a7a, 0x0304, 0x0303]).ToString());

    [Fact]
    public void The_order_of_signature_algorithms_does() => Assert.NotEqual(Of(Suites, Types).ToString(), Of(Suites, Types, algorithms: [.. Algorithms.Reverse()]).ToString());

    [Theory]
    [InlineData("http/1.1", "h1")]
    [InlineData("h2", "h2")]
    [InlineData("x", "xx")]
    [InlineData("\u00abc\u00cd", "ad")]
    public void The_first_protocol_is_named_by_its_ends(string protocol, string said) => Assert.Equal(said, Of(Suites, Types, protocol: protocol).ToString()[8..10]);

    [Fact]
    public void What_is_not_there_is_said_to_be_missing()
    {
        Assert.StartsWith("t12i020000_", Ja4.Of(0x0303, Bytes([0xc02b, 0xc02f]), []).ToString(), StringComparison.Ordinal);
        Assert.EndsWith("_000000000000", Ja4.Of(0x0303, Bytes([0xc02b, 0xc02f]), []).ToString(), StringComparison.Ordinal);
        Assert.Equal("t10i00", Ja4.Of(0x0301, Bytes([0x0a0a]), []).ToString()[..6]);
        Assert.StartsWith("t10i0000" + "00_000000000000_", Ja4.Of(0x0301, Bytes([0x0a0a]), []).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void More_than_99_are_99() =>
        Assert.StartsWith("t13d9999", Of([.. Enumerable.Range(1, 3000).Select(i => (ushort)i)], [.. Types, .. Enumerable.Range(0x5000, 500).Select(i => (ushort)i)]).ToString(), StringComparison.Ordinal);

    private static Ja4 Of(ushort[] suites, ushort[] types, ushort[]? algorithms = null, ushort[]? versions = null, string protocol = "h2")
    {
        var extensions = new MemoryStream();
        foreach (ushort type in types)
        {
            byte[] name = Encoding.Latin1.GetBytes(protocol);
            byte[] data = type switch
            {
                0x000d => [.. Length(Bytes(algorithms ?? Algorithms)), .. Bytes(algorithms ?? Algorithms)],
                0x0010 => [.. Length([(byte)name.Length, .. name, 8, .. "http/1.1"u8]), (byte)name.Length, .. name, 8, .. "http/1.1"u8],
                0x002b => [(byte)(2 * (versions ?? [0x0304, 0x0303]).Length), .. Bytes(versions ?? [0x0304, 0x0303])],
                _ => [],
            };
            extensions.Write([.. Bytes([type]), .. Length(data), .. data]);
        }

        return Ja4.Of(0x0303, Bytes(suites), extensions.ToArray());
    }

    private static byte[] Length(byte[] data) => [(byte)(data.Length >> 8), (byte)data.Length];

    private static byte[] Bytes(ushort[] values)
    {
        byte[] bytes = new byte[values.Length * 2];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(i * 2), values[i]);
        return bytes;
    }
}
