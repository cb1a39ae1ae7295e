using System.Globalization;
using System.Net.Security;
using System.Text;

namespace Actors443.Bench;

/// <summary>
/// What it costs that every request is counted on its connection: one server, switched on and off in turn. Beside it the same server without actors.
/// </summary>
internal static class SupervisionCost
{
    /// <summary>Requests may cost so much more with their supervision than without.</summary>
    private const double Bar = 1.05;

    public static async Task<int> RunAsync(int rounds, string? only)
    {
        using ServerUnderTest server = await ServerUnderTest.StartComparedAsync("switchable");
        using ServerUnderTest unowned = await ServerUnderTest.StartComparedAsync("unowned");
        Console.WriteLine($"us of server CPU a unit, median of {rounds} rounds in turn; in brackets the least and the most of the rounds");
        Console.WriteLine($"{"",-44}{"on",9}{"off",9}{"no actor",10}   {"on/off",-24}on/no actor");
        bool holds = true;
        foreach ((string name, int count, Func<int, Task> work) in ActorCost.Works.Where(work => only is null || work.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            double[][] costs = await MeasureAsync(server, unowned, rounds, count, work);
            double Median(int of) => Tools.Median(costs.Select(cost => cost[of]));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-44}{Median(0),9:0.0}{Median(1),9:0.0}{Median(2),10:0.0}   {Ratio(costs, 1),-24}{Ratio(costs, 2)}"));
            if (Tools.Median(costs.Select(cost => cost[0] / cost[1])) > Bar)
            {
                holds = false;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"NOT AS IT SHOULD BE: the supervision of requests costs more than {Bar - 1:0 %}"));
            }
        }

        return holds ? 0 : 1;
    }

    private static async Task<double[][]> MeasureAsync(ServerUnderTest server, ServerUnderTest unowned, int rounds, int count, Func<int, Task> work)
    {
        // Tiered compilation settles only after many calls, of both ways.
        for (int warmUp = 0; warmUp < 4; warmUp++)
        {
            await SwitchAsync(server, warmUp % 2 == 0);
            await work(server.Port);
            await work(unowned.Port);
        }

        double[][] costs = [.. Enumerable.Range(0, rounds).Select(_ => new double[3])];
        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < 3; turn++)
            {
                int kind = (round + turn) % 3;
                if (kind < 2)
                    await SwitchAsync(server, on: kind == 0);
                costs[round][kind] = await ActorCost.CostAsync(kind < 2 ? server : unowned, count, work);
            }
        }

        return costs;
    }

    private static async Task SwitchAsync(ServerUnderTest server, bool on)
    {
        await using SslStream stream = await TlsClient.ConnectAsync(server.Port, TlsClient.Options(resume: false));
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET /{(on ? "on" : "off")} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        while (await stream.ReadAsync(new byte[1024]) > 0)
        {
            // To its end: then it is switched.
        }
    }

    private static string Ratio(double[][] costs, int other)
    {
        double[] ratios = [.. costs.Select(cost => cost[0] / cost[other]).Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{Tools.Median(ratios):0.000} ({ratios[0]:0.00} to {ratios[^1]:0.00})");
    }
}
