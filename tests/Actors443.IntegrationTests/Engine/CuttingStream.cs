using Actors443.Testing;

namespace Actors443.IntegrationTests.Engine;

/// <summary>Passes on what is written; the next write, when asked, in two pieces.</summary>
internal sealed class CuttingStream(Stream inner) : PassThroughStream(inner)
{
    private int _cut;
    private Func<int, Task>? _between;

    /// <summary>Cuts the next write at a byte.</summary>
    /// <param name="at">Length of the first piece.</param>
    /// <param name="between">Called with it before the second is written.</param>
    public void CutNext(int at, Func<int, Task> between) => (_cut, _between) = (at, between);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_between is { } between && _cut < buffer.Length)
        {
            _between = null;
            await Inner.WriteAsync(buffer[.._cut], cancellationToken);
            await between(_cut);
            buffer = buffer[_cut..];
        }

        await Inner.WriteAsync(buffer, cancellationToken);
    }
}
