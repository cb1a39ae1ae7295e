using Actors443.Testing;

namespace Actors443.IntegrationTests.Upgrades;

/// <summary>A connection that stalls when it is told to: what is written waits, and what comes is read.</summary>
internal sealed class StallingStream(Stream inner) : PassThroughStream(inner)
{
    private volatile TaskCompletionSource? _stalled;
    private volatile bool _isWriting;

    /// <summary>Something waits to be written.</summary>
    public bool IsWriting => _isWriting;

    public void Stall() => _stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void GoOn() => _stalled!.SetResult();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_stalled is { } stalled)
        {
            _isWriting = true;
            await stalled.Task.WaitAsync(cancellationToken);
        }

        await Inner.WriteAsync(buffer, cancellationToken);
    }
}
