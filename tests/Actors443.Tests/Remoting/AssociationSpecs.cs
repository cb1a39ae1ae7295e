using System.Buffers;
using System.IO.Pipelines;
using Actors443.Remoting;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Actors443.Routing;
using Actors443.Testing;
using Akka.Configuration;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Actors443.Tests.Remoting;

/// <summary>The frames of one association, on a wire that takes as much as the test wants.</summary>
public sealed class AssociationSpecs
{
    private const int Queue = 64 * 1024;

    private readonly Wire _wire = new();
    private readonly Ears _ears = new();
    private readonly AssociationCounts _counts = new();
    private readonly Association _association;

    public AssociationSpecs() => _association = new Association(
        _wire,
        static work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false),
        RemotingSettings.Read(ConfigurationFactory.ParseString($"public-hostname = a, write-queue = {Queue}"), "system"),
        _counts);

    [Fact]
    public async Task Refuses_what_has_no_room_and_takes_it_when_there_is()
    {
        ByteString message = ByteString.CopyFrom(new byte[1000]);
        int written = 0;
        while (_association.TryWrite(message))
            Assert.True(++written < 1000, "never refused");
        // The queue, and what the wire has taken and not sent.
        Assert.InRange(written * 1004, Queue - 1004, Queue + (2 * Wire.Room) + 64 * 1024);
        Assert.True(_counts.RefusedWrites > 0);

        Task<List<Frame>> taken = _wire.TakeAsync(written + 1);
        await Eventually.HoldsAsync(() => _association.TryWrite(message), "there is room");
        Assert.All(await taken, frame => Assert.Equal(1000, frame.Body.Length));
    }

    [Fact]
    public async Task A_message_longer_than_the_queue_has_room_when_it_is_alone()
    {
        ByteString longest = ByteString.CopyFrom(Enumerable.Range(0, 3 * Queue).Select(number => (byte)number).ToArray());
        Assert.True(_association.TryWrite(longest));
        Assert.False(_association.TryWrite(longest));
        Assert.Equal(longest.ToByteArray(), Assert.Single(await _wire.TakeAsync(1)).Body);
    }

    [Fact]
    public async Task Writes_of_many_threads_keep_the_order_of_each()
    {
        const int each = 2_000;
        Task<List<Frame>> taken = _wire.TakeAsync(4 * each);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(async () =>
        {
            for (int number = 0; number < each; number++)
            {
                ByteString message = ByteString.CopyFrom([(byte)thread, .. BitConverter.GetBytes(number)]);
                if (!_association.TryWrite(message))
                    await Eventually.HoldsAsync(() => _association.TryWrite(message), "there is room");
            }
        })));
        foreach (IGrouping<byte, Frame> thread in (await taken).GroupBy(frame => frame.Body[0]))
            Assert.Equal(Enumerable.Range(0, each), thread.Select(frame => BitConverter.ToInt32(frame.Body, 1)));
    }

    [Fact]
    public async Task What_was_written_is_sent_before_the_goodbye_and_nothing_after()
    {
        for (int number = 0; number < 10; number++)
            Assert.True(_association.TryWrite(ByteString.CopyFrom([1])));
        _association.End(ControlKind.Goodbye, "enough");
        _association.End(ControlKind.Refused, "not told");
        Assert.False(_association.TryWrite(ByteString.CopyFrom([1])));

        List<Frame> frames = await _wire.TakeAsync(11);
        Assert.All(frames[..10], frame => Assert.False(frame.IsControl));
        Assert.True(ControlFrame.TryDecode(frames[10].Body, out ControlFrame? goodbye));
        Assert.Equal("enough", goodbye.TextAt(0));
        await Eventually.HoldsAsync(() => _wire.HasEnded, "our side has ended");
    }

    [Fact]
    public async Task Whoever_listens_is_told_what_came_before_it_listened_and_the_end()
    {
        await _wire.SayAsync([.. AkkaHandshake.Framed([1, 2]), .. AkkaHandshake.Framed([3])]);
        var listening = new TaskCompletionSource<IHandleEventListener>();
        Task over = _association.RunAsync(listening.Task, null);
        Assert.Empty(_ears.Heard);
        listening.SetResult(_ears);
        await Eventually.HoldsAsync(() => _ears.Heard.Count == 2, "both are heard");
        await _wire.SayAsync(new ControlFrame(ControlKind.Goodbye, "the node stops").Encode());
        _ = _wire.TakeAsync(1);
        await over;
        Assert.Equal(["0102", "03", "over"], _ears.Heard);
        Assert.Equal(("the node stops", false), (_association.EndedBecause, _association.HasFailed));
    }

    [Fact]
    public async Task An_end_without_goodbye_is_a_failure()
    {
        Task over = _association.RunAsync(Task.FromResult<IHandleEventListener>(_ears), null);
        await _wire.EndAsync();
        _ = _wire.TakeAsync(1);
        await over;
        Assert.Equal(["over"], _ears.Heard);
        Assert.True(_association.HasFailed);
        Assert.Equal("the connection ended without a goodbye", _association.EndedBecause);
    }

    [Fact]
    public async Task A_bad_frame_is_answered_with_why()
    {
        Task over = _association.RunAsync(Task.FromResult<IHandleEventListener>(_ears), null);
        await _wire.SayAsync([0, 0, 0, 0]);
        Frame answer = Assert.Single(await _wire.TakeAsync(1));
        Assert.True(ControlFrame.TryDecode(answer.Body, out ControlFrame? refused));
        Assert.Equal((ControlKind.Refused, "an empty frame"), (refused.Kind, refused.TextAt(0)));
        await over;
        Assert.Equal(["over"], _ears.Heard);
    }

    [Fact]
    public async Task Nobody_hears_after_Akka_has_ended_it()
    {
        Task over = _association.RunAsync(Task.FromResult<IHandleEventListener>(_ears), null);
        _association.Disassociate();
        _ = _wire.TakeAsync(1);
        await _wire.SayAsync(AkkaHandshake.Framed([1]));
        await _wire.EndAsync();
        await over;
        Assert.Equal(["over"], _ears.Heard);
        Assert.Null(_association.EndedBecause);
    }

    [Fact]
    public async Task Who_listens_only_after_the_end_is_told_of_it()
    {
        var listening = new TaskCompletionSource<IHandleEventListener>();
        Task over = _association.RunAsync(listening.Task, null);
        _association.Break();
        await over;
        listening.SetResult(_ears);
        await Eventually.HoldsAsync(() => _ears.Heard.Count == 1, "it is told");
        Assert.False(_association.TryWrite(ByteString.CopyFrom([1])));
    }

    [Fact]
    public async Task Moves_to_another_wire_after_what_was_written_and_reads_the_former_to_its_end()
    {
        Task over = _association.RunAsync(Task.FromResult<IHandleEventListener>(_ears), null);
        var next = new Wire();
        Assert.True(_association.TryWrite(ByteString.CopyFrom([1])));
        Task<bool> moved = _association.MoveAsync(next, static work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false), new ControlFrame(ControlKind.Welcome, "1"));
        Assert.True(_association.TryWrite(ByteString.CopyFrom([2])));
        // What comes by the other already waits for what is still to come by the former.
        await next.SayAsync(AkkaHandshake.Framed([9]));

        List<Frame> before = await _wire.TakeAsync(2);
        Assert.Equal([1], before[0].Body);
        Assert.True(ControlFrame.TryDecode(before[1].Body, out ControlFrame? last));
        Assert.Equal(ControlKind.Moved, last.Kind);
        List<Frame> after = await next.TakeAsync(2);
        Assert.True(ControlFrame.TryDecode(after[0].Body, out ControlFrame? first));
        Assert.Equal(ControlKind.Welcome, first.Kind);
        Assert.Equal([2], after[1].Body);
        Assert.False(moved.IsCompleted);
        Assert.True(_association.IsOn(_wire));

        await _wire.SayAsync([.. AkkaHandshake.Framed([8]), .. new ControlFrame(ControlKind.Moved).Encode()]);
        Assert.True(await moved.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(_association.IsOn(_wire));
        // The former is nobody's any more.
        await _wire.EndAsync();
        await Eventually.HoldsAsync(() => _ears.Heard.Count == 2, "both are heard");
        await next.SayAsync(new ControlFrame(ControlKind.Goodbye, "enough").Encode());
        _ = next.TakeAsync(1);
        await over;
        Assert.Equal(["08", "09", "over"], _ears.Heard);
        Assert.False(_association.HasFailed);
    }

    [Fact]
    public async Task One_that_moves_where_nobody_is_breaks_and_one_that_ends_does_not_move()
    {
        Task over = _association.RunAsync(Task.FromResult<IHandleEventListener>(_ears), null);
        Task<bool> moved = _association.MoveAsync(new Wire(), static work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false), null);
        Assert.False(await _association.MoveAsync(new Wire(), static work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false), null));
        _association.Break();
        Assert.False(await moved.WaitAsync(TimeSpan.FromSeconds(30)));
        await over;
        Assert.False(await _association.MoveAsync(new Wire(), static work => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false), null));
    }

    private sealed class Ears : IHandleEventListener
    {
        public List<string> Heard { get; } = [];

        public void Notify(IHandleEvent ev)
        {
            lock (Heard)
                Heard.Add(ev is InboundPayload payload ? Convert.ToHexString(payload.Payload.Span) : "over");
        }
    }

    private sealed class Wire : IRoutedClient
    {
        public const int Room = 32 * 1024;

        private readonly Pipe _in = new();
        private readonly Pipe _out = new(new PipeOptions(pauseWriterThreshold: Room, resumeWriterThreshold: Room / 2));

        public PipeReader Input => _in.Reader;

        public PipeWriter Output => _out.Writer;

        public bool HasEnded { get; private set; }

        public ValueTask EndOutputAsync()
        {
            HasEnded = true;
            return ValueTask.CompletedTask;
        }

        public async Task SayAsync(byte[] bytes) => await _in.Writer.WriteAsync(bytes);

        public ValueTask EndAsync() => _in.Writer.CompleteAsync();

        public async Task<List<Frame>> TakeAsync(int count)
        {
            var reader = new FrameReader(16 * 1024 * 1024) { TakesMessages = true };
            var frames = new List<Frame>();
            while (frames.Count < count)
            {
                ReadResult read = await _out.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
                ReadOnlySequence<byte> rest = read.Buffer;
                while (reader.TryRead(ref rest, out Frame frame) == FrameStatus.Complete)
                    frames.Add(frame);
                _out.Reader.AdvanceTo(rest.Start);
            }

            return frames;
        }
    }
}
