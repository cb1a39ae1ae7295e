using System.Globalization;
using System.Text;
using Actors443.Testing.Http2;
using RawTls = Actors443.Testing.TlsClient;

namespace Actors443.Bench.Attacks;

/// <summary>Headers that are long, many, or small on the way and large when read (RFC 7541 7.3).</summary>
internal sealed class HeaderBomb : Attack
{
    private const int Workers = 8;
    private const double ConnectionsPerSecond = 5;
    private const int BlockSize = 16_000;
    private const int Blocks = 400;

    private readonly Func<int, System.Net.IPAddress, Task<bool>> _once;
    private long _sent;
    private long _ended;

    private HeaderBomb(string name, Func<int, System.Net.IPAddress, Task<bool>> once)
    {
        Name = name;
        _once = once;
    }

    public override string Name { get; }

    public static IEnumerable<Attack> All =>
    [
        new HeaderBomb("header-bomb-long", static (port, from) => Http1Async(port, from, static _ => $"X-Long: {new string('a', 8_000)}\r\n")),
        new HeaderBomb("header-bomb-many", static (port, from) => Http1Async(port, from, static number => $"X-{number}: {number}\r\n")),
        new HeaderBomb("header-bomb-h2", static (port, from) => Http2Async(port, from, [.. Literal("x", "y")])),
        // A long field once into the dynamic table, then a byte for each time it is named: a request of 16 kB says 64 MB.
        new HeaderBomb("hpack-bomb", static (port, from) => Http2Async(port, from, [0xBE], [0x40, .. Literal("x", new string('y', 4_000))[1..]])),
        // The table made small and large again by each block: all that was in it is thrown away.
        new HeaderBomb("hpack-table-thrash", static (port, from) => Http2Async(port, from, [0x20, 0x3F, 0xE1, 0x1F], mayLive: true)),
    ];

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        await RepeatAsync(Workers, ConnectionsPerSecond, async _ =>
        {
            Interlocked.Increment(ref _sent);
            if (await _once(scene.Port, scene.NextAddress()))
                Interlocked.Increment(ref _ended);
        }, stop);
        return AttackResult.Of(
            string.Create(CultureInfo.InvariantCulture, $"{_sent:N0} connections, {_ended:N0} ended by the server"),
            _sent == 0 ? ["nothing was sent"] : _ended < _sent / 2 ? [$"only {_ended} of {_sent} were ended"] : []);
    }

    private static byte[] Literal(string name, string value) => FrameClient.Request("", "", "", (name, value))[7..];

    private static async Task<bool> Http1Async(int port, System.Net.IPAddress from, Func<int, string> header)
    {
        await using RawTls client = await RawTls.ConnectAsync(port, from: from);
        try
        {
            await client.SendAsync("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
            for (int number = 0; number < 2_000; number += 20)
                await client.Stream.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(number, 20).Select(header))));
        }
        catch (IOException)
        {
            return true;
        }

        return await client.EndsAsync(TimeSpan.FromSeconds(2));
    }

    private static async Task<bool> Http2Async(int port, System.Net.IPAddress from, byte[] field, byte[]? first = null, bool mayLive = false)
    {
        await using FrameClient client = await FrameClient.ConnectAsync(port, from);
        byte[] start = FrameClient.Request(path: "/hello");
        for (int number = 0; number < Blocks; number++)
        {
            using var block = new MemoryStream();
            if (mayLive)
            {
                // Sizes of the table come first (RFC 7541 4.2), and are two at most.
                block.Write(field);
                block.Write(start);
                client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 2 * number + 1, block.ToArray());
            }
            else
            {
                block.Write(start);
                block.Write(number == 0 ? first : null);
                while (block.Length < BlockSize)
                    block.Write(field);
                client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 2 * number + 1, block.ToArray());
            }

            if (!await client.SendAsync())
                return true;
        }

        await Task.WhenAny(client.Ended, Task.Delay(2_000));
        return mayLive || client.Ended.IsCompleted;
    }
}
