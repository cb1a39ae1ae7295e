using System.Globalization;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Samples;

/// <summary>A sample as nodes of one cluster, each a process of its own.</summary>
internal sealed class SampleNodes : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly SampleProcess[] _nodes;

    private readonly int[] _ports;

    private SampleNodes(SampleProcess[] nodes, int[] ports) => (_nodes, _ports) = (nodes, ports);

    public IReadOnlyList<SampleProcess> All => _nodes;

    public SampleProcess this[int index] => _nodes[index];

    /// <summary>As the sample names its nodes.</summary>
    public string NameOf(int index) => $"127.0.0.1:{_ports[index]}";

    /// <summary>Starts that many nodes, two or more, and waits until each knows all. The first is the oldest.</summary>
    public static async Task<SampleNodes> StartAsync(string name, int count, params string[] arguments)
    {
        int[] ports = [.. Enumerable.Range(0, count).Select(_ => FreePort.Next())];
        string seeds = $"--cluster:seeds=127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}";
        Task<SampleProcess>[] starting = [.. ports.Select(port => SampleProcess.StartAsync(name, [$"--cluster:port={port.ToString(CultureInfo.InvariantCulture)}", $"--actors443:https.bind=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}", seeds, .. arguments]))];
        var nodes = new SampleNodes(await AllOrNoneAsync(starting), ports);
        try
        {
            foreach (SampleProcess node in nodes._nodes)
            {
                using HttpClient http = node.CreateClient();
                await Eventually.HoldsAsync(async () => await http.GetStringAsync("nodes") == count.ToString(CultureInfo.InvariantCulture), "all nodes are in the cluster", Patience);
            }

            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));

    private static async Task<SampleProcess[]> AllOrNoneAsync(Task<SampleProcess>[] starting)
    {
        try
        {
            return await Task.WhenAll(starting);
        }
        catch
        {
            foreach (Task<SampleProcess> started in starting.Where(node => node.IsCompletedSuccessfully))
                await (await started).DisposeAsync();
            throw;
        }
    }
}
