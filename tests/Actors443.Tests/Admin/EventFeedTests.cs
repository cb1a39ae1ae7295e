using System.Text;
using Actors443.Server.Admin.Events;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Admin;

public sealed class EventFeedTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<CountingSource> _sources = [];
    private readonly EventFeed _feed;

    public EventFeedTests() => _feed = new EventFeed(
        () =>
        {
            var source = new CountingSource();
            _sources.Add(source);
            return source;
        },
        _time,
        NullLogger.Instance);

    public ValueTask DisposeAsync() => _feed.DisposeAsync();

    [Fact]
    public async Task All_who_listen_are_told_the_same_and_nothing_is_made_when_nobody_does()
    {
        using var first = new Client(_feed);
        await first.HasAsync("data: 1\n\n");
        using var second = new Client(_feed);
        await Eventually.HoldsAsync(() => _feed.Listeners == 2, "both listen");

        _time.Advance(TimeSpan.FromSeconds(1));
        await first.HasAsync("data: 1\n\ndata: 2\n\n");
        await second.HasAsync("data: 2\n\n");
        first.Go();
        second.Go();
        await Task.WhenAll(first.Ended, second.Ended);
        await Eventually.HoldsAsync(() => _sources.Single().IsDisposed, "the source is given up");
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal((2, 0), (_sources.Single().Taken, _feed.Listeners));

        using var third = new Client(_feed);
        await third.HasAsync("data: 1\n\n");
        Assert.Equal(2, _sources.Count);
    }

    [Fact]
    public async Task Who_is_slow_misses_some_and_holds_up_nobody()
    {
        using var slow = new Client(_feed, stuck: true);
        await Eventually.HoldsAsync(() => slow.IsWriting, "the slow one has something to take");
        using var fast = new Client(_feed);
        await Eventually.HoldsAsync(() => _feed.Listeners == 2, "both listen");
        string told = "";
        for (int second = 2; second <= 5; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            told += $"data: {second}\n\n";
            await fast.HasAsync(told);
        }

        slow.Release();

        await slow.HasAsync("data: 1\n\ndata: 5\n\n");
    }

    [Fact]
    public async Task A_snapshot_that_fails_costs_that_second_alone()
    {
        using var client = new Client(_feed);
        await client.HasAsync("data: 1\n\n");
        _sources.Single().Failure = new InvalidOperationException("on purpose");
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.HoldsAsync(() => _sources.Single().Taken == 2, "it was asked");
        _sources.Single().Failure = null;
        await Eventually.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return client.Text.Length > "data: 1\n\n".Length;
            },
            "the next one comes");

        Assert.DoesNotContain("data: 2\n", client.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_more_than_the_bound_is_told_to_come_back()
    {
        List<Client> clients = [.. Enumerable.Range(0, EventFeed.MaximumListeners).Select(_ => new Client(_feed))];
        await Eventually.HoldsAsync(() => _feed.Listeners == EventFeed.MaximumListeners, "all listen");

        using var refused = new Client(_feed);
        await refused.Ended;

        Assert.Equal((503, "5"), (refused.Status, refused.RetryAfter));
        Assert.Contains("close a dashboard", refused.Text, StringComparison.Ordinal);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task The_end_of_the_server_ends_the_answers_in_order()
    {
        using var client = new Client(_feed);
        await client.HasAsync("data: 1\n\n");

        await _feed.DisposeAsync();
        await client.Ended;
        using var late = new Client(_feed);
        await late.Ended;

        Assert.Equal((200, 503), (client.Status, late.Status));
    }

    private sealed class CountingSource : ISnapshotSource
    {
        private int _taken;

        public int Taken => Volatile.Read(ref _taken);

        public bool IsDisposed { get; private set; }

        public Exception? Failure { get; set; }

        public Task<byte[]> TakeAsync(CancellationToken cancellationToken)
        {
            int number = Interlocked.Increment(ref _taken);
            return Failure is null ? Task.FromResult(Encoding.ASCII.GetBytes($"{number}")) : Task.FromException<byte[]>(Failure);
        }

        public void Dispose() => IsDisposed = true;
    }

    /// <summary>One who listens, and takes what comes unless stuck.</summary>
    private sealed class Client : Stream
    {
        private readonly DefaultHttpContext _context = new();
        private readonly CancellationTokenSource _gone = new();
        private readonly TaskCompletionSource _released = new();
        private readonly StringBuilder _text = new();

        public Client(EventFeed feed, bool stuck = false)
        {
            if (!stuck)
                _released.SetResult();
            _context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(this));
            _context.RequestAborted = _gone.Token;
            Ended = ListenAsync(feed);
        }

        public Task Ended { get; }

        public bool IsWriting { get; private set; }

        public int Status => _context.Response.StatusCode;

        public string RetryAfter => _context.Response.Headers.RetryAfter.ToString();

        public string Text
        {
            get
            {
                lock (_text)
                    return _text.ToString();
            }
        }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public Task HasAsync(string text) => Eventually.HoldsAsync(() => Text == text, $"'{text}' was told");

        public void Release() => _released.SetResult();

        public void Go() => _gone.Cancel();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            IsWriting = true;
            await _released.Task.WaitAsync(cancellationToken);
            lock (_text)
                _text.Append(Encoding.UTF8.GetString(buffer.Span));
        }

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        protected override void Dispose(bool disposing)
        {
            _gone.Cancel();
            base.Dispose(disposing);
        }

        private async Task ListenAsync(EventFeed feed)
        {
            try
            {
                await feed.ListenAsync(_context);
            }
            catch (OperationCanceledException) when (_gone.IsCancellationRequested)
            {
                // As the admin server sees a client go.
            }
        }
    }
}
