using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Pipes;
using Actors443.Testing;
using Actors443.Tunnels.Egress;

namespace Actors443.Tests.Engine;

/// <summary>Sockets to targets on a loop, with real targets.</summary>
public sealed class LoopEgressTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly EventLoop _loop = new("egress-loop");
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private bool _loopHasEnded;

    private IPEndPoint Target => (IPEndPoint)_listener.LocalEndpoint;

    public Task InitializeAsync()
    {
        _loop.Start();
        _listener.Start();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _listener.Dispose();
        if (!_loopHasEnded)
            await EndLoopAsync();
        _loop.Dispose();
    }

    [Fact]
    public async Task Bytes_go_both_ways_and_each_side_ends_for_itself()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(5_000_000);
        using EgressSocket egress = await ConnectAsync();
        Task<long> target = EchoAsync();

        Task<byte[]> back = ReadAllAsync(egress);
        await egress.SendAsync(bytes);
        egress.EndSending();

        Assert.Equal(bytes, await back.WaitAsync(Patience));
        Assert.Equal(bytes.Length, await target.WaitAsync(Patience));
    }

    [Fact]
    public async Task Bytes_of_several_places_arrive_in_order()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(3_000_000);
        using EgressSocket egress = await ConnectAsync();
        Task<long> target = EchoAsync();

        Task<byte[]> back = ReadAllAsync(egress);
        var pipe = new System.IO.Pipelines.Pipe(new System.IO.Pipelines.PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(bytes);
        await Task.Run(async () => await egress.SendAsync((await pipe.Reader.ReadAsync()).Buffer));
        egress.EndSending();

        Assert.Equal(bytes, await back.WaitAsync(Patience));
        Assert.Equal(bytes.Length, await target.WaitAsync(Patience));
    }

    [Fact]
    public async Task What_a_target_says_first_and_its_end_are_there_for_whoever_comes_late()
    {
        using EgressSocket egress = await ConnectAsync();
        using (Socket target = await _listener.AcceptSocketAsync())
            await target.SendAsync("220 hello"u8.ToArray());
        // All of it has come by then, and so may be told at once.
        await Eventually.HoldsAsync(() => !StatesOf(Target).Contains("01"), "the target's end has come");

        Assert.Equal("220 hello"u8.ToArray(), await ReadAllAsync(egress).WaitAsync(Patience));
    }

    [Fact]
    public async Task A_target_that_resets_is_told_to_whoever_receives()
    {
        using EgressSocket egress = await ConnectAsync();
        Task<byte[]> reading = ReadAllAsync(egress);
        Socket target = await _listener.AcceptSocketAsync();
        target.Close(0);

        SocketException told = await Assert.ThrowsAsync<SocketException>(() => reading.WaitAsync(Patience));

        Assert.Equal(SocketError.ConnectionReset, told.SocketErrorCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_target_hears_whether_it_was_cut_or_is_over_and_whoever_waits_is_freed(bool reset)
    {
        EgressSocket egress = await ConnectAsync();
        using Socket target = await _listener.AcceptSocketAsync();
        Task<byte[]> reading = ReadAllAsync(egress);

        egress.Close(reset);

        if (reset)
            Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => target.ReceiveAsync(new byte[1]).WaitAsync(Patience))).SocketErrorCode);
        else
            Assert.Equal(0, await target.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        await Assert.ThrowsAsync<SocketException>(() => reading.WaitAsync(Patience));
        await Assert.ThrowsAsync<SocketException>(async () => await egress.SendAsync(new byte[1]));
    }

    [Fact]
    public async Task A_target_that_takes_nothing_holds_up_who_sends()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(40_000_000);
        using EgressSocket egress = await ConnectAsync();
        using Socket target = await _listener.AcceptSocketAsync();

        Task sending = egress.SendAsync(bytes).AsTask();
        // The kernel has what it can hold.
        await Eventually.HoldsAsync(() => target.Available is var there && there > 0 && there == target.Available, "bytes wait for the target");
        bool wasHeldUp = !sending.IsCompleted;
        byte[] received = new byte[bytes.Length];
        await using (var stream = new NetworkStream(target))
            await stream.ReadExactlyAsync(received).AsTask().WaitAsync(Patience);
        await sending.WaitAsync(Patience);

        Assert.True(wasHeldUp);
        Assert.Equal(bytes, received);
    }

    [Fact]
    public async Task What_is_received_lies_in_as_few_blocks_as_hold_it()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(60_000);
        var pool = new BlockPool(_loop);
        var output = new LoopOutput(new Owner(), pool);
        using EgressSocket egress = await ConnectAsync();
        using Socket target = await _listener.AcceptSocketAsync();
        await target.SendAsync(bytes);

        int reads = 0;
        await Task.Run(async () =>
        {
            for (int length = 0; length < bytes.Length; reads++)
            {
                await egress.WaitAsync();
                length += egress.Receive(output).Length;
            }

            await output.FlushAsync();
        }).WaitAsync(Patience);

        // A read may leave the rest of a block as too little for the next.
        Assert.InRange(pool.Rented, 4, 4 + reads);
        Assert.Equal(bytes, Taken(output));
        output.End();
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public async Task Nobody_there_is_a_refusal()
    {
        _listener.Stop();

        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync());

        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Empty(StatesOf(Target));
    }

    [Fact]
    public async Task Whoever_does_not_answer_is_given_up_and_nothing_stays_open()
    {
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var target = (IPEndPoint)full.LocalEndPoint!;
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(target);
        using var patience = new CancellationTokenSource();

        Task<EgressSocket> connecting = new LoopEgressConnector(_loop).ConnectAsync(target, patience.Token);
        // SYN_SENT: nobody takes it.
        await Eventually.HoldsAsync(() => StatesOf(target).Contains("02"), "it waits for the target");
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Patience));
        await Eventually.HoldsAsync(() => StatesOf(target).SequenceEqual(["01"]), "its socket is closed");
    }

    [Fact]
    public async Task Of_very_many_that_end_in_every_way_none_stays_open()
    {
        const int Count = 400;
        int ended = 0;
        Task accepting = Task.Run(async () =>
        {
            for (int number = 0; number < Count; number++)
            {
                Socket target = await _listener.AcceptSocketAsync();
                int kind = number;
                _ = Task.Run(async () =>
                {
                    using (target)
                        await LeaveAsync(target, kind);
                    Interlocked.Increment(ref ended);
                });
            }
        });
        await Parallel.ForAsync(0, Count, async (number, _) =>
        {
            using var patience = new CancellationTokenSource();
            EgressSocket? egress = null;
            Task<byte[]>? reading = null;
            try
            {
                egress = await new LoopEgressConnector(_loop).ConnectAsync(Target, patience.Token);
                // Too late to matter.
                await patience.CancelAsync();
                reading = number % 2 == 0 ? ReadAllAsync(egress) : null;
                if (number % 3 == 0)
                    await egress.SendAsync(new byte[number * 100]);
                if (number % 5 == 0)
                    egress.EndSending();
            }
            catch (SocketException)
            {
                // The target was faster.
            }

            egress?.Close(reset: number % 7 == 0);
            egress?.Dispose();
            if (reading is not null)
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });

        await accepting.WaitAsync(Patience);
        await Eventually.HoldsAsync(() => Volatile.Read(ref ended) == Count, "every target has heard of its end", Patience);
        // 06: TIME_WAIT, which no process holds.
        await Eventually.HoldsAsync(() => StatesOf(Target).All(state => state == "06"), "no socket is left", Patience);
    }

    [Fact]
    public async Task A_loop_that_ends_cuts_what_is_open_and_opens_nothing_any_more()
    {
        EgressSocket egress = await ConnectAsync();
        using Socket target = await _listener.AcceptSocketAsync();
        Task<byte[]> reading = ReadAllAsync(egress);

        await EndLoopAsync();

        await Assert.ThrowsAsync<SocketException>(() => target.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        await Assert.ThrowsAsync<SocketException>(() => reading.WaitAsync(Patience));
        await Assert.ThrowsAsync<SocketException>(() => ReadAllAsync(egress).WaitAsync(Patience));
        await Assert.ThrowsAsync<SocketException>(async () => await egress.SendAsync(new byte[1]));
        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync().WaitAsync(Patience));
        egress.Dispose();
    }

    [Fact]
    public async Task Nothing_is_received_elsewhere_than_on_the_loop()
    {
        using EgressSocket egress = await ConnectAsync();

        Assert.Throws<InvalidOperationException>(() => egress.Receive(new byte[1]));
    }

    private static async Task LeaveAsync(Socket target, int kind)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            switch (kind % 4)
            {
                case 0:
                    target.LingerState = new LingerOption(true, 0);
                    return;
                case 1:
                    return;
                case 2:
                    await target.SendAsync(buffer);
                    break;
            }

            while (await target.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // It was reset.
        }
    }

    private static unsafe byte[] Taken(LoopOutput output)
    {
        var all = new List<byte>();
        while (output.Peek(out byte* bytes) is > 0 and var length)
        {
            all.AddRange(new ReadOnlySpan<byte>(bytes, length));
            output.Consume(length);
        }

        return [.. all];
    }

    private Task<EgressSocket> ConnectAsync() => new LoopEgressConnector(_loop).ConnectAsync(Target, CancellationToken.None);

    // Without the test's own context: whoever waits for a loop goes on there.
    private static Task<byte[]> ReadAllAsync(EgressSocket egress) => Task.Run(async () =>
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[10_000];
        while (true)
        {
            await egress.WaitAsync();
            int count = egress.Receive(buffer);
            if (count == 0)
                return all.ToArray();
            all.Write(buffer, 0, Math.Max(0, count));
        }
    });

    private async Task<long> EchoAsync()
    {
        using Socket socket = await _listener.AcceptSocketAsync();
        await using var stream = new NetworkStream(socket);
        byte[] buffer = new byte[30_000];
        long total = 0;
        for (int count; (count = await stream.ReadAsync(buffer)) > 0; total += count)
            await stream.WriteAsync(buffer.AsMemory(0, count));
        return total;
    }

    private async Task EndLoopAsync()
    {
        _loopHasEnded = true;
        _loop.Stop();
        await _loop.Ended.WaitAsync(Patience);
    }

    /// <summary>The kernel's states of sockets that are connected to it.</summary>
    private static string[] StatesOf(IPEndPoint target)
    {
        string remote = string.Create(CultureInfo.InvariantCulture, $"0100007F:{target.Port:X4}");
        return [.. File.ReadLines("/proc/self/net/tcp").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(fields => fields[2] == remote).Select(fields => fields[3])];
    }

    private sealed class Owner : IPipeOwner
    {
        public bool ContinuesOnLoop => false;

        public void OutputFlushed()
        {
        }

        public void InputWanted()
        {
        }
    }
}
