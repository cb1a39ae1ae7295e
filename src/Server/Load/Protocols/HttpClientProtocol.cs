namespace Actors443.Server.Load.Protocols;

/// <summary>HTTP of any version: asks its source for requests whenever it has room for one.</summary>
internal abstract class HttpClientProtocol(IRequestSource source) : ClientProtocol
{
    public IRequestSource Source => source;

    /// <summary>Requests that may be started now.</summary>
    public abstract int Room { get; }

    /// <summary>In the source's list of those without work.</summary>
    public bool IsWaitingForWork { get; set; }

    public abstract bool IsBusy { get; }

    /// <summary>Sends a request. There is room for it.</summary>
    /// <param name="due">From when its latency counts, in Stopwatch ticks.</param>
    public abstract void Start(RequestTemplate request, long due);

    /// <summary>Starts what the source has for it.</summary>
    public void AskForWork()
    {
        while (Room > 0 && source.TryNext(this, out RequestTemplate? request, out long due))
            Start(request, due);
    }

    /// <summary>An answer is whole.</summary>
    protected void Complete(int status, long due) => source.Answered(this, status, due);
}
