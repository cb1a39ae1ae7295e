using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.ClusterTests;

/// <summary>Visit every node of a cluster again and again, whatever happens to it, and remember what they were shown. Stop at dispose.</summary>
internal sealed class Visitors : IAsyncDisposable
{
    // A node that stands still accepts, by its kernel, and says nothing.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _visiting;
    private readonly string _name;
    private readonly ConcurrentDictionary<int, ConcurrentQueue<X509Certificate2>> _shown = new();
    private int _visits;

    public Visitors(AcmeNodes nodes, string name)
    {
        _name = name;
        _visiting = [.. nodes.Nodes.Select(VisitAsync)];
    }

    /// <summary>How many visits came to a certificate.</summary>
    public int Visits => Volatile.Read(ref _visits);

    /// <summary>What a node has shown, each certificate once for each time that it followed another.</summary>
    public IReadOnlyList<X509Certificate2> ShownBy(AcmeNodes.Node node) => [.. _shown.GetValueOrDefault(node.Number) ?? []];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_visiting);
        _stop.Dispose();
    }

    private async Task VisitAsync(AcmeNodes.Node node)
    {
        ConcurrentQueue<X509Certificate2> shown = _shown.GetOrAdd(node.Number, _ => new());
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (await AcmeNodes.TryShownAsync(node, _name).WaitAsync(Patience, _stop.Token) is { } certificate)
                {
                    Interlocked.Increment(ref _visits);
                    if (shown.LastOrDefault()?.SerialNumber != certificate.SerialNumber)
                        shown.Enqueue(certificate);
                }

                await pause.WaitForNextTickAsync(_stop.Token);
            }
            catch (Exception cause) when (cause is TimeoutException or OperationCanceledException)
            {
                // Nothing was shown.
            }
        }
    }
}
