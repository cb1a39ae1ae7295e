using System.Globalization;

namespace Actors443.Bench;

/// <summary>
/// What it costs that every request is counted on its connection, and that every connection has an actor: the same server with both, without the first, and
/// without either, taking turns.
/// </summary>
internal static class SupervisionCost
{
    /// <summary>Requests may cost so much more with their supervision than without.</summary>
    private const double Bar = 1.05;

    public static async Task<int> RunAsync(int rounds, string? only)
    {
        using ServerUnderTest with = await ServerUnderTest.StartComparedAsync("supervised");
        using ServerUnderTest without = await ServerUnderTest.StartComparedAsync("unsupervised");
        using ServerUnderTest unowned = await ServerUnderTest.StartComparedAsync("unowned");
        ServerUnderTest[] servers = [with, without, unowned];
        Console.WriteLine($"us of server CPU a unit, median of {rounds} alternated rounds; in brackets the least and the most of the rounds");
        Console.WriteLine($"{"",-44}{"supervised",12}{"without",10}{"no actor",10}   {"supervision",-26}supervision and actor");
        bool holds = true;
        foreach ((string name, int count, Func<int, Task> work) in ActorCost.Works.Where(work => only is null || work.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
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
                    cost[server] = await ActorCost.CostAsync(servers[server], count, work);
                }

                costs.Add(cost);
            }

            double Median(int server) => Tools.Median(costs.Select(cost => cost[server]));
            double supervision = Tools.Median(costs.Select(cost => cost[0] / cost[1]));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-44}{Median(0),12:0.0}{Median(1),10:0.0}{Median(2),10:0.0}   {Ratio(costs, 1),-26}{Ratio(costs, 2)}"));
            if (supervision > Bar)
            {
                holds = false;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"NOT AS IT SHOULD BE: the supervision of requests costs more than {Bar - 1:0 %}"));
            }
        }

        return holds ? 0 : 1;
    }

    private static string Ratio(List<double[]> costs, int other)
    {
        double[] ratios = [.. costs.Select(cost => cost[0] / cost[other]).Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{Tools.Median(ratios):0.000} ({ratios[0]:0.00} to {ratios[^1]:0.00})");
    }
}
