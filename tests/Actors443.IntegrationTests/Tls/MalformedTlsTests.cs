using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Configuration;
using Actors443.IntegrationTests.Engine;

namespace Actors443.IntegrationTests.Tls;

/// <summary>Conversations that break the rules of TLS, in the manner of tlsfuzzer: the right alert, and the end, within a second.</summary>
public sealed class MalformedTlsTests : IAsyncLifetime
{
    private const int KeyShare = 51;
    private const int SupportedVersions = 43;
    private const int SupportedGroups = 10;

    private const int UnexpectedMessage = 10;
    private const int BadRecordMac = 20;
    private const int RecordOverflow = 22;
    private const int HandshakeFailure = 40;
    private const int IllegalParameter = 47;
    private const int DecodeError = 50;
    private const int MissingExtension = 109;

    /// <summary>It is told under the keys of the handshake, which this client does not have.</summary>
    private const int Encrypted = -1;

    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    private EngineHost _host = null!;
    private HelloParts _tls13 = null!;
    private HelloParts _tls12 = null!;

    public async Task InitializeAsync()
    {
        _host = await EngineHost.StartAsync(EngineKind.EventLoop);
        _tls13 = await HelloParts.CaptureAsync(SslProtocols.Tls13);
        _tls12 = await HelloParts.CaptureAsync(SslProtocols.Tls12);
        // What is done for the first time takes longer.
        await TalkAsync(_tls13.ToRecord(), HelloParts.Record(77, [0]));
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("an alert", UnexpectedMessage)]
    [InlineData("application data", UnexpectedMessage)]
    [InlineData("another handshake message", UnexpectedMessage)]
    [InlineData("an empty record", UnexpectedMessage)]
    [InlineData("a record that is too long", RecordOverflow)]
    [InlineData("application data within the hello", UnexpectedMessage)]
    [InlineData("bytes behind the extensions", DecodeError)]
    [InlineData("no suites", DecodeError)]
    [InlineData("a session id of 33 bytes", DecodeError)]
    [InlineData("no compression method", DecodeError)]
    [InlineData("a compression besides none", IllegalParameter)]
    [InlineData("an extension twice", IllegalParameter)]
    [InlineData("no versions", DecodeError)]
    [InlineData("no key share", MissingExtension)]
    [InlineData("a key share that is too short", IllegalParameter)]
    [InlineData("a key share with nothing behind its length", DecodeError)]
    [InlineData("a key share of a group it does not support", IllegalParameter)]
    public async Task A_wrong_beginning_is_answered_with_its_alert(string what, int alert)
    {
        byte[] message = _tls13.ToMessage();
        byte[] sent = what switch
        {
            "an alert" => HelloParts.Record(21, [2, 40]),
            "application data" => HelloParts.Record(23, [1, 2, 3]),
            "another handshake message" => HelloParts.Record(22, [20, 0, 0, 1, 0]),
            "an empty record" => HelloParts.Record(22, []),
            "a record that is too long" => [22, 3, 1, 0x40, 1, .. new byte[0x4001]],
            "application data within the hello" => [.. HelloParts.Record(22, message[..50]), .. HelloParts.Record(23, [1]), .. HelloParts.Record(22, message[50..])],
            "bytes behind the extensions" => (_tls13 with { Trailing = [0] }).ToRecord(),
            "no suites" => (_tls13 with { Suites = [] }).ToRecord(),
            "a session id of 33 bytes" => (_tls13 with { SessionId = new byte[33] }).ToRecord(),
            "no compression method" => (_tls13 with { Compressions = [] }).ToRecord(),
            "a compression besides none" => (_tls13 with { Compressions = [1, 0] }).ToRecord(),
            "an extension twice" => (_tls13 with { Extensions = [.. _tls13.Extensions, _tls13.Extensions.First(one => one.Type == SupportedGroups)] }).ToRecord(),
            "no versions" => _tls13.With(SupportedVersions, _ => [0]).ToRecord(),
            "no key share" => (_tls13 with { Extensions = [.. _tls13.Extensions.Where(one => one.Type != KeyShare)] }).ToRecord(),
            "a key share that is too short" => _tls13.With(KeyShare, share => [0, 35, share[2], share[3], 0, 31, .. share[6..37]]).ToRecord(),
            "a key share with nothing behind its length" => _tls13.With(KeyShare, share => share[..6]).ToRecord(),
            "a key share of a group it does not support" => _tls13.With(SupportedGroups, _ => [0, 2, 0, 24]).ToRecord(),
            _ => throw new ArgumentException(what),
        };

        Assert.Equal(alert, await TalkAsync(sent));
    }

    [Theory]
    [InlineData("a record of an unknown type", UnexpectedMessage)]
    [InlineData("application data", UnexpectedMessage)]
    [InlineData("a second hello", UnexpectedMessage)]
    [InlineData("new keys before they are agreed", UnexpectedMessage)]
    [InlineData("a key exchange without a key", HandshakeFailure)]
    [InlineData("a record that is too long", RecordOverflow)]
    [InlineData("an alert that ends it", null)]
    public async Task A_wrong_second_flight_of_tls_1_2_is_answered_with_its_alert(string what, int? alert)
    {
        byte[] sent = what switch
        {
            "a record of an unknown type" => HelloParts.Record(77, [0]),
            "application data" => HelloParts.Record(23, new byte[40]),
            "a second hello" => _tls12.ToRecord(),
            "new keys before they are agreed" => HelloParts.Record(20, [1]),
            "a key exchange without a key" => HelloParts.Record(22, [16, 0, 0, 0]),
            "a record that is too long" => [22, 3, 3, 0x48, 1, .. new byte[0x4801]],
            "an alert that ends it" => HelloParts.Record(21, [2, 40]),
            _ => throw new ArgumentException(what),
        };

        Assert.Equal(alert, await TalkAsync(_tls12.ToRecord(), sent));
    }

    [Theory]
    [InlineData("a record of an unknown type")]
    [InlineData("bytes that are not encrypted by its keys")]
    [InlineData("new keys of two bytes")]
    [InlineData("a record that is too long")]
    [InlineData("a hello in the clear")]
    public async Task A_wrong_second_flight_of_tls_1_3_is_the_end(string what)
    {
        byte[] sent = what switch
        {
            "a record of an unknown type" => HelloParts.Record(77, [0]),
            "bytes that are not encrypted by its keys" => HelloParts.Record(23, new byte[60]),
            "new keys of two bytes" => HelloParts.Record(20, [1, 1]),
            "a record that is too long" => [23, 3, 3, 0x48, 1, .. new byte[0x4801]],
            "a hello in the clear" => _tls13.ToRecord(),
            _ => throw new ArgumentException(what),
        };

        Assert.Equal(Encrypted, await TalkAsync(_tls13.ToRecord(), sent));
    }

    [Fact]
    public async Task A_client_that_is_asked_for_another_share_and_brings_the_same_is_refused()
    {
        // A group that nobody knows, so that the server asks for one it does (HelloRetryRequest).
        byte[] hello = _tls13.With(KeyShare, share => [share[0], share[1], 0x0A, 0x0A, .. share[4..]])
            .With(SupportedGroups, groups => [groups[0], (byte)(groups[1] + 2), .. groups[2..], 0x0A, 0x0A]).ToRecord();

        Assert.Equal(IllegalParameter, await TalkAsync(hello, hello));
    }

    [Fact]
    public async Task A_hello_in_records_of_a_byte_each_is_read()
    {
        byte[] sent = [.. _tls13.ToMessage().SelectMany(one => HelloParts.Record(22, [one]))];

        // The handshake has gone on: what comes next is wrong under its keys.
        Assert.Equal(Encrypted, await TalkAsync(sent, HelloParts.Record(23, new byte[60])));
    }

    [Fact]
    public async Task A_changed_finished_of_tls_1_2_fails_its_check()
    {
        // The share of X25519 that the server computes with is any 32 bytes; the Finished is none.
        byte[] exchange = HelloParts.Record(22, [16, 0, 0, 33, 32, .. Enumerable.Range(1, 32).Select(one => (byte)one)]);
        byte[] finished = HelloParts.Record(22, new byte[40]);

        Assert.Equal(BadRecordMac, await TalkAsync(_tls12.ToRecord(), [.. exchange, .. HelloParts.Record(20, [1]), .. finished]));
    }

    /// <summary>Sends one flight after the other, the next once something has come; answers the alert that the server ends with (null: none), within a second.</summary>
    private async Task<int?> TalkAsync(params byte[][] flights)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, _host.Port);
        byte[] buffer = new byte[64 * 1024];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        int kept = 0;
        foreach (byte[] flight in flights[..^1])
        {
            await socket.SendAsync(flight, patience.Token);
            kept = 0;
            do
                kept += await socket.ReceiveAsync(buffer.AsMemory(kept), patience.Token);
            while (!EndsWithRecord(buffer.AsSpan(0, kept), out _));
        }

        long start = Stopwatch.GetTimestamp();
        await socket.SendAsync(flights[^1], patience.Token);
        kept = 0;
        try
        {
            for (int count; (count = await socket.ReceiveAsync(buffer.AsMemory(kept), patience.Token)) > 0;)
                kept += count;
        }
        catch (SocketException cause) when (cause.SocketErrorCode == SocketError.ConnectionReset)
        {
            // An end as well, if nothing was to be said.
        }

        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, AtOnce);
        if (kept == 0)
            return null;
        Assert.True(EndsWithRecord(buffer.AsSpan(0, kept), out int last));
        return buffer[last] == 21 ? buffer[last + 6] : Encrypted;
    }

    private static bool EndsWithRecord(ReadOnlySpan<byte> bytes, out int last)
    {
        last = 0;
        for (int at = 0; at + 5 <= bytes.Length;)
        {
            last = at;
            at += 5 + (bytes[at + 3] << 8 | bytes[at + 4]);
            if (at == bytes.Length)
                return true;
        }

        return false;
    }
}
