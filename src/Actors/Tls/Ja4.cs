using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Actors443.Tls;

/// <summary>
/// The JA4 fingerprint of a ClientHello (github.com/FoxIO-LLC/ja4): which program speaks, whatever its address. Keeps what it is made of, some hundred bytes, and makes the
/// text when it is first asked for. Thread-safe.
/// </summary>
internal sealed class Ja4
{
    private const int MostExtensions = 256;
    private const int ServerName = 0;
    private const int SignatureAlgorithms = 13;
    private const int ApplicationProtocols = 16;
    private const int SupportedVersions = 43;
    private const string Nothing = "000000000000";

    private readonly ushort[] _values;
    private readonly int _suites;
    private readonly int _extensions;
    private readonly ushort _version;
    private readonly bool _hasServerName;
    private readonly (byte First, byte Last)? _protocol;
    private string? _text;

    private Ja4(ushort[] values, int suites, int extensions, ushort version, bool hasServerName, (byte First, byte Last)? protocol)
    {
        _values = values;
        _suites = suites;
        _extensions = extensions;
        _version = version;
        _hasServerName = hasServerName;
        _protocol = protocol;
    }

    /// <param name="legacyVersion">Of the message.</param>
    /// <param name="suites">Cipher suites as they were sent.</param>
    /// <param name="extensions">All of them, as they were sent; examined before.</param>
    public static Ja4 Of(int legacyVersion, ReadOnlySpan<byte> suites, ReadOnlySpan<byte> extensions)
    {
        Span<ushort> types = stackalloc ushort[MostExtensions];
        int count = 0;
        bool hasServerName = false;
        ReadOnlySpan<byte> algorithms = [];
        ReadOnlySpan<byte> protocol = [];
        int version = legacyVersion;
        for (var reader = new TlsReader(extensions); !reader.IsEmpty && reader.TryReadUInt16(out int type) && reader.TryReadVector16(out ReadOnlySpan<byte> data);)
        {
            if (IsGrease(type))
                continue;
            hasServerName |= type == ServerName;
            if (type == SignatureAlgorithms && data.Length > 2)
                algorithms = data[2..];
            else if (type == ApplicationProtocols && data.Length > 3)
                protocol = data.Slice(3, Math.Min(data[2], data.Length - 3));
            else if (type == SupportedVersions && data.Length > 1)
                version = Highest(data[1..], version);
            if (count < types.Length)
                types[count++] = (ushort)type;
        }

        Span<ushort> packed = stackalloc ushort[suites.Length / 2 + count + algorithms.Length / 2 <= 2048 ? suites.Length / 2 + count + algorithms.Length / 2 : 0];
        if (packed.IsEmpty)
            packed = new ushort[suites.Length / 2 + count + algorithms.Length / 2];
        int suiteCount = CopyWithoutGrease(suites, packed);
        types[..count].CopyTo(packed[suiteCount..]);
        int algorithmCount = CopyWithoutGrease(algorithms, packed[(suiteCount + count)..]);
        return new Ja4(
            packed[..(suiteCount + count + algorithmCount)].ToArray(), suiteCount, count, (ushort)version, hasServerName, protocol.IsEmpty ? null : (protocol[0], protocol[^1]));
    }

    /// <summary>For example <c>t13d1516h2_8daaf6152771_e5627efa2ab1</c>.</summary>
    public override string ToString() => _text ??= Make();

    private string Make()
    {
        string version = _version switch { 0x0304 => "13", 0x0303 => "12", 0x0302 => "11", 0x0301 => "10", 0x0300 => "s3", _ => "00" };
        ushort[] suites = [.. _values.AsSpan(0, _suites)];
        Array.Sort(suites);
        ushort[] extensions = Array.FindAll(_values[_suites..(_suites + _extensions)], type => type is not (ServerName or ApplicationProtocols));
        Array.Sort(extensions);
        ushort[] algorithms = _values[(_suites + _extensions)..];
        string third = _extensions == 0 ? Nothing : Digest(algorithms.Length == 0 ? List(extensions) : $"{List(extensions)}_{List(algorithms)}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"t{version}{(_hasServerName ? 'd' : 'i')}{Math.Min(_suites, 99):00}{Math.Min(_extensions, 99):00}{Protocol()}_{(_suites == 0 ? Nothing : Digest(List(suites)))}_{third}");
    }

    // Of letters and digits the first and last; of others the first and last digit of their hexadecimal form.
    private string Protocol()
    {
        if (_protocol is not (byte first, byte last))
            return "00";
        return char.IsAsciiLetterOrDigit((char)first) && char.IsAsciiLetterOrDigit((char)last)
            ? $"{(char)first}{(char)last}"
            : $"{Convert.ToHexStringLower([first])[0]}{Convert.ToHexStringLower([last])[1]}";
    }

    private static string List(ushort[] values) => string.Join(',', values.Select(value => value.ToString("x4", CultureInfo.InvariantCulture)));

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text)))[..Nothing.Length];

    private static int CopyWithoutGrease(ReadOnlySpan<byte> from, Span<ushort> to)
    {
        int count = 0;
        for (int i = 0; i + 1 < from.Length; i += 2)
        {
            ushort value = BinaryPrimitives.ReadUInt16BigEndian(from[i..]);
            if (!IsGrease(value))
                to[count++] = value;
        }

        return count;
    }

    private static int Highest(ReadOnlySpan<byte> versions, int otherwise)
    {
        int highest = 0;
        for (int i = 0; i + 1 < versions.Length; i += 2)
        {
            int version = BinaryPrimitives.ReadUInt16BigEndian(versions[i..]);
            if (!IsGrease(version) && version > highest)
                highest = version;
        }

        return highest == 0 ? otherwise : highest;
    }

    // RFC 8701: both bytes alike, ending in a.
    private static bool IsGrease(int value) => (value & 0x0F0F) == 0x0A0A && value >> 8 == (value & 0xFF);
}
