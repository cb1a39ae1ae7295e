using System.IO.Pipelines;
using System.Security.Cryptography;
using Actors443.Tunnels.Sessions;

namespace Actors443.Tests.Tunnels;

public sealed class ResumableLinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task What_is_said_arrives_once_and_in_order_over_carriers_that_are_lost_anywhere()
    {
        byte[] said = RandomNumberGenerator.GetBytes(500_000);
        var left = new End();
        var right = new End();
        Task sending = SendAllAsync(left.Link, said);
        Task answering = SendAllAsync(right.Link, said[..1000]);
        var random = new Random(443);
        CarrierEnd end = CarrierEnd.Lost;
        int carriers = 0;
        while (end == CarrierEnd.Lost)
        {
            // The last is not cut.
            long cutAfter = ++carriers < 40 ? random.Next(1, 30_000) : long.MaxValue;
            end = await CarryAsync(left.Link, right.Link, cutAfter).WaitAsync(Patience);
        }

        await Task.WhenAll(sending, answering).WaitAsync(Patience);
        Assert.Equal(CarrierEnd.Complete, end);
        Assert.Equal(said, right.Taken.ToArray());
        Assert.Equal(said[..1000], left.Taken.ToArray());
        Assert.Equal((1, 1), (left.Ends, right.Ends));
        Assert.InRange(carriers, 20, 40);
    }

    [Fact]
    public async Task A_taker_that_takes_nothing_holds_up_its_sender_and_not_the_other_way()
    {
        var held = new TaskCompletionSource();
        var left = new End();
        var right = new End(held.Task);
        Task sending = SendAllAsync(left.Link, new byte[3 * End.Window]);
        Task<CarrierEnd> carrying = CarryAsync(left.Link, right.Link, long.MaxValue);
        byte[] answer = RandomNumberGenerator.GetBytes(2 * End.Window);

        await SendAllAsync(right.Link, answer).WaitAsync(Patience);
        await left.AwaitAsync(answer.Length).WaitAsync(Patience);

        Assert.False(sending.IsCompleted);
        Assert.Equal(answer, left.Taken.ToArray());
        held.SetResult();
        Assert.Equal(CarrierEnd.Complete, await carrying.WaitAsync(Patience));
        await sending;
    }

    [Theory]
    [InlineData(new byte[] { 9, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0xff, 0, 0, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 9 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 8, 0xff, 0, 0, 0, 0, 0, 0, 9 })]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 2, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 3, 0, 0, 0, 0 })]
    public async Task Nonsense_and_a_reset_end_the_link(byte[] frames)
    {
        var end = new End();
        var input = new Pipe();
        var output = new Pipe();
        await input.Writer.WriteAsync(frames);

        Assert.Equal(CarrierEnd.Reset, await end.Link.CarryAsync(new Duplex(input.Reader, output.Writer), 0, () => { }).WaitAsync(Patience));
        Assert.False(await end.Link.SendAsync(new byte[1]));
    }

    [Fact]
    public async Task A_position_that_cannot_be_ends_the_link()
    {
        var end = new End();
        Assert.Equal(CarrierEnd.Reset, await end.Link.CarryAsync(new Duplex(new Pipe().Reader, new Pipe().Writer), 1, () => { }).WaitAsync(Patience));
    }

    [Fact]
    public async Task Whoever_sends_more_than_the_window_is_cut()
    {
        var end = new End(new TaskCompletionSource().Task);
        var input = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        byte[] frame = [0, 0, 0, 0x40, 0, .. new byte[0x4000]];
        for (int sent = 0; sent <= End.Window; sent += 0x4000)
            await input.Writer.WriteAsync(frame);

        Assert.Equal(CarrierEnd.Reset, await end.Link.CarryAsync(new Duplex(input.Reader, new Pipe().Writer), 0, () => { }).WaitAsync(Patience));
    }

    private static async Task SendAllAsync(ResumableLink link, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length; sent += 5000)
            Assert.True(await link.SendAsync(bytes.AsMemory(sent, Math.Min(5000, bytes.Length - sent))));
        link.EndSending();
    }

    private static async Task<CarrierEnd> CarryAsync(ResumableLink left, ResumableLink right, long cutAfter)
    {
        var toRight = new Pipe();
        var toLeft = new Pipe();
        var cut = new CuttingWriter(toRight.Writer, cutAfter);
        void Abandon()
        {
            toRight.Reader.CancelPendingRead();
            toLeft.Reader.CancelPendingRead();
            toRight.Writer.CancelPendingFlush();
            toLeft.Writer.CancelPendingFlush();
            left.Drop();
            right.Drop();
        }

        // The side that is not cut has begun when the other is.
        Task<CarrierEnd> begun = right.CarryAsync(new Duplex(toRight.Reader, toLeft.Writer), left.Received, Abandon);
        CarrierEnd[] ends = await Task.WhenAll(left.CarryAsync(new Duplex(toLeft.Reader, cut), right.Received, Abandon), begun);
        return ends.Contains(CarrierEnd.Lost) ? CarrierEnd.Lost : ends[0];
    }

    private sealed class End
    {
        public const int Window = 64 * 1024;

        private readonly TaskCompletionSource _much = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _awaited = long.MaxValue;

        public End(Task? held = null) => Link = new ResumableLink(
            Window,
            Window,
            async bytes =>
            {
                await (held ?? Task.CompletedTask);
                Taken.Write(bytes.Span);
                if (Taken.Length >= Interlocked.Read(ref _awaited))
                    _much.TrySetResult();
            },
            () => Ends++);

        public ResumableLink Link { get; }

        public MemoryStream Taken { get; } = new();

        public int Ends { get; private set; }

        public Task AwaitAsync(long bytes)
        {
            Interlocked.Exchange(ref _awaited, bytes);
            if (Taken.Length >= bytes)
                _much.TrySetResult();
            return _much.Task;
        }
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    /// <summary>Takes so many bytes, passes on half of those it took last, and is gone.</summary>
    private sealed class CuttingWriter(PipeWriter writer, long limit) : PipeWriter
    {
        private long _left = limit;

        public override void Advance(int bytes)
        {
            _left -= bytes;
            writer.Advance(bytes);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => writer.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => writer.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            _left > 0 ? writer.FlushAsync(cancellationToken) : throw new IOException("cut");

        public override void CancelPendingFlush() => writer.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => writer.Complete(exception);
    }
}
