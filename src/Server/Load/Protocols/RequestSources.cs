using System.Diagnostics.CodeAnalysis;
using Actors443.Engine.EventLoop;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;

namespace Actors443.Server.Load.Protocols;

/// <summary>Closed model: whoever has room asks again at once.</summary>
internal sealed class ClosedRequests(RequestTemplate[] templates, LoopRecorder recorder) : IRequestSource
{
    private int _next;

    public bool Ended { get; set; }

    public bool TryNext(HttpClientProtocol asker, [NotNullWhen(true)] out RequestTemplate? request, out long due)
    {
        request = Ended ? null : templates[_next++ % templates.Length];
        if (_next == templates.Length)
            _next = 0;
        due = ClientLoop.Timestamp;
        return request is not null;
    }

    public void Answered(HttpClientProtocol asker, int status, long due) => recorder.Answered(status, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - due));
}

/// <summary>
/// Open model: requests become due at their rate, whether or not a connection has room. Those that find none wait, and their latency counts
/// from when they were due, which is what a user of a slow server would wait.
/// </summary>
internal sealed class OpenRequests : LoopTimer, IRequestSource
{
    private readonly RequestTemplate[] _templates;
    private readonly LoopRecorder _recorder;
    private readonly ClientLoop _loop;
    private readonly double _interval;
    private readonly long _patience;
    private readonly Queue<long> _overdue = new();
    private readonly Queue<HttpClientProtocol> _idle = new();
    private double _nextDue;
    private int _next;

    /// <param name="loop">Its timer.</param>
    /// <param name="templates">Sent in turn.</param>
    /// <param name="recorder">Counts the answers.</param>
    /// <param name="rate">Requests a second.</param>
    /// <param name="patience">Stopwatch ticks after which a request that found no connection counts as timed out.</param>
    public OpenRequests(ClientLoop loop, RequestTemplate[] templates, LoopRecorder recorder, double rate, long patience)
    {
        _loop = loop;
        _templates = templates;
        _recorder = recorder;
        _interval = ClientLoop.ToTicks(TimeSpan.FromSeconds(1)) / rate;
        _patience = patience;
    }

    /// <summary>From now on requests become due.</summary>
    public void Start(long now)
    {
        _nextDue = now;
        Due = now;
        _loop.Loop.Add(this);
    }

    public void End()
    {
        Due = long.MaxValue;
        _loop.Loop.Remove(this);
        _overdue.Clear();
    }

    public override void Elapsed(long now)
    {
        for (now = ClientLoop.Timestamp; _nextDue <= now; _nextDue += _interval)
            Assign((long)_nextDue);
        Due = (long)_nextDue;
        _loop.Flush();
    }

    public bool TryNext(HttpClientProtocol asker, [NotNullWhen(true)] out RequestTemplate? request, out long due)
    {
        while (_overdue.TryDequeue(out due))
        {
            if (ClientLoop.Timestamp - due < _patience)
            {
                request = Template();
                return true;
            }

            _recorder.Failed(new LoadError(LoadErrorKind.Timeout, "no free connection"));
        }

        request = null;
        if (!asker.IsWaitingForWork)
        {
            asker.IsWaitingForWork = true;
            _idle.Enqueue(asker);
        }

        return false;
    }

    public void Answered(HttpClientProtocol asker, int status, long due) => _recorder.Answered(status, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - due));

    private void Assign(long due)
    {
        while (_idle.TryDequeue(out HttpClientProtocol? idle))
        {
            // It may have ended, or found something to do, since it was put here.
            if (idle.Room == 0)
            {
                idle.IsWaitingForWork = false;
                continue;
            }

            idle.Start(Template(), due);
            if (idle.Room > 0)
                _idle.Enqueue(idle);
            else
                idle.IsWaitingForWork = false;
            return;
        }

        _overdue.Enqueue(due);
    }

    private RequestTemplate Template()
    {
        RequestTemplate template = _templates[_next++];
        if (_next == _templates.Length)
            _next = 0;
        return template;
    }
}
