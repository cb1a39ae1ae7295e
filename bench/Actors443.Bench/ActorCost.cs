using System.Globalization;

namespace Actors443.Bench;

/// <summary>
/// CPU time of the server process for one unit of work, the servers taking turns. The ratio of each round is taken first and then the median of the
/// ratios, so that what else the machine does falls on all.
/// </summary>
internal static class ActorCost
{
    private const int Requests = 120_000;
    private const int Handshakes = 4_000;
    private const int Workers = 32;

    public static IReadOnlyList<(string Name, int Count, Func<int, Task> Work)> Works { get; } =
    [
        ("HTTP/1.1 request, keep-alive", Requests, port => Tools.H2LoadAsync("--h1", "-c", "16", "-n", Text(Requests), Url(port))),
        ("HTTP/2 request, 16 x 16 streams", Requests, port => Tools.H2LoadAsync("-c", "16", "-m", "16", "-n", Text(Requests), Url(port))),
        ("full TLS 1.3 handshake, request, close", Handshakes, port => TlsClient.HandshakesAsync(port, Handshakes, Workers, resume: false)),
        ("resumed TLS 1.3 handshake, request, close", Handshakes, port => TlsClient.HandshakesAsync(port, Handshakes, Workers, resume: true)),
    ];

    /// <param name="rounds">The median of so many counts.</param>
    /// <param name="only">Part of a row's name; null: all rows.</param>
    public static async Task<int> RunAsync(int rounds, string? only)
    {
        using ServerUnderTest stock = await ServerUnderTest.StartComparedAsync("stock");
        using ServerUnderTest engine = await ServerUnderTest.StartComparedAsync("engine");
        using ServerUnderTest actors = await ServerUnderTest.StartComparedAsync("actors");
        ServerUnderTest[] servers = [stock, engine, actors];
        Console.WriteLine("us of server CPU a unit, median of {0} alternated rounds; stock is Kestrel with SslStream, engine is ours with nobody owning the connections", rounds);
        Console.WriteLine($"{"",-44}{"stock",9}{"engine",9}{"actors",9}{"actors/stock",14}{"the actor alone",17}");
        foreach ((string name, int count, Func<int, Task> work) in Works.Where(work => only is null || work.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            // Tiered compilation settles only after many calls.
            for (int warmUp = 0; warmUp < 3; warmUp++)
            {
                foreach (ServerUnderTest server in servers)
                    await work(server.Port);
            }

            var costs = new List<double[]>();
            for (int round = 0; round < rounds; round++)
            {
                double[] cost = new double[servers.Length];
                for (int turn = 0; turn < servers.Length; turn++)
                {
                    int server = (round + turn) % servers.Length;
                    cost[server] = await CostAsync(servers[server], count, work);
                }

                costs.Add(cost);
            }

            double Median(Func<double[], double> figure) => Tools.Median(costs.Select(figure));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-44}{Median(c => c[0]),9:0.0}{Median(c => c[1]),9:0.0}{Median(c => c[2]),9:0.0}{Median(c => c[2] / c[0]),14:0.000}{Median(c => (c[2] - c[1]) / c[0]),17:+0.0 %;-0.0 %}"));
        }

        return 0;
    }

    /// <summary>CPU time of a server's process for each of so many units, in microseconds.</summary>
    public static async Task<double> CostAsync(ServerUnderTest server, int count, Func<int, Task> work)
    {
        TimeSpan before = server.Cpu;
        await work(server.Port);
        return (server.Cpu - before).TotalMicroseconds / count;
    }

    private static string Url(int port) => $"https://127.0.0.1:{Text(port)}/";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
