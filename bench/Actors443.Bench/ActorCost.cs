using System.Globalization;

namespace Actors443.Bench;

/// <summary>
/// CPU time of the server process for one unit of work, the two servers taking turns. The ratio of each round's pair is taken first and then the median
/// of the ratios, so that what else the machine does falls on both.
/// </summary>
internal static class ActorCost
{
    private const int Requests = 120_000;
    private const int Handshakes = 4_000;

    private static readonly (string Name, int Count, Func<int, Task> Work)[] Works =
    [
        ("HTTP/1.1 request, keep-alive", Requests, port => Tools.H2LoadAsync("--h1", "-c", "16", "-n", Text(Requests), Url(port))),
        ("HTTP/2 request, 16 x 16 streams", Requests, port => Tools.H2LoadAsync("-c", "16", "-m", "16", "-n", Text(Requests), Url(port))),
        ("full TLS 1.3 handshake, request, close", Handshakes, port => TlsClient.HandshakesAsync(port, Handshakes, 4, resume: false)),
        ("resumed TLS 1.3 handshake, request, close", Handshakes, port => TlsClient.HandshakesAsync(port, Handshakes, 4, resume: true)),
    ];

    public static async Task<int> RunAsync(int rounds)
    {
        using ServerUnderTest stock = await ServerUnderTest.StartComparedAsync("stock");
        using ServerUnderTest actors = await ServerUnderTest.StartComparedAsync("actors");
        Console.WriteLine("us of server CPU a unit, median of {0} alternated rounds; stock is Kestrel with SslStream", rounds);
        Console.WriteLine($"{"",-44}{"stock",10}{"actors",10}{"ratio",9}");
        foreach ((string name, int count, Func<int, Task> work) in Works)
        {
            // Tiered compilation settles only after many calls.
            for (int warmUp = 0; warmUp < 3; warmUp++)
            {
                await work(stock.Port);
                await work(actors.Port);
            }

            var pairs = new List<(double Stock, double Actors)>();
            for (int round = 0; round < rounds; round++)
            {
                bool stockFirst = round % 2 == 0;
                double first = await CostAsync(stockFirst ? stock : actors, count, work);
                double second = await CostAsync(stockFirst ? actors : stock, count, work);
                pairs.Add(stockFirst ? (first, second) : (second, first));
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-44}{Tools.Median(pairs.Select(p => p.Stock)),10:0.0}{Tools.Median(pairs.Select(p => p.Actors)),10:0.0}{Tools.Median(pairs.Select(p => p.Actors / p.Stock)),9:0.000}"));
        }

        return 0;
    }

    private static async Task<double> CostAsync(ServerUnderTest server, int count, Func<int, Task> work)
    {
        TimeSpan before = server.Cpu;
        await work(server.Port);
        return (server.Cpu - before).TotalMicroseconds / count;
    }

    private static string Url(int port) => $"https://127.0.0.1:{Text(port)}/";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
