using System.Net;
using Actors443.Admission;
using Actors443.Connections;

namespace Actors443.Listening;

/// <summary>A gate that knows one number: at it the listener waits, and the kernel's backlog holds the rest.</summary>
internal sealed class CountingGate(int maximum) : IAcceptGate
{
    private readonly Lock _change = new();
    private int _count;
    private TaskCompletionSource? _below;

    public ValueTask WaitUntilAcceptingAsync(CancellationToken cancellationToken)
    {
        lock (_change)
        {
            if (_count < maximum)
                return ValueTask.CompletedTask;
            _below ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_below.Task.WaitAsync(cancellationToken));
        }
    }

    public CloseReason TryEnter(IPAddress client)
    {
        lock (_change)
            _count++;
        return CloseReason.None;
    }

    public void EnterUnnamed() => TryEnter(IPAddress.None);

    public CloseReason TryName(IPAddress client) => CloseReason.None;

    public void Leave(IPAddress client)
    {
        lock (_change)
        {
            if (--_count < maximum)
            {
                _below?.SetResult();
                _below = null;
            }
        }
    }
}
