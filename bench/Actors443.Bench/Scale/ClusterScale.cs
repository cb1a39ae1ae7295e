using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using Actors443.Connections.Directory;

namespace Actors443.Bench.Scale;

/// <summary>What nodes say to each other, in messages and bytes, by what makes them say it.</summary>
internal static class ClusterScale
{
    private const int FirstHttpsPort = 18500;
    private const int FirstRemotePort = 18600;
    private const int ConnectionsEach = 100;
    private const int Queries = 50;
    private const int Rotation = 10;
    private const int Limit = 50;
    private const int Churn = 1000;

    public static async Task<int> RunAsync(int count, int seconds)
    {
        string folder = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        string secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        var nodes = new List<ScaleNode>();
        var clients = new List<SslStream>();
        try
        {
            // The first founds it; the others find it by the first two.
            for (int number = 0; number < count; number++)
                nodes.Add(await ScaleNode.StartAsync(number, FirstHttpsPort, FirstRemotePort, folder, secret, string.Create(
                    CultureInfo.InvariantCulture, $$"""
                    certificates.ticket-keys.rotate = {{Rotation}}s
                    admission.per-client { connections = {{Limit}}, exempt = ["127.0.0.1/32"] }
                    """)));
            await AwaitAsync(() => nodes.All(node => Akka.Cluster.Cluster.Get(node.System).State.Members.Count(member => member.Status == Akka.Cluster.MemberStatus.Up) == count));
            await Task.Delay(TimeSpan.FromSeconds(10));
            Console.WriteLine($"{count} nodes in one process; {seconds} s each. Bytes are with TLS, without the headers of TCP and IP.");

            Window idle = await MeasureAsync(count, () => Task.Delay(TimeSpan.FromSeconds(seconds)));
            idle.Write("nothing happens, but that ticket keys change", $"a new key every {Rotation} s", null, 0);

            string[] many = [.. Enumerable.Range(1, 200).Select(client => $"127.0.1.{client}")];
            foreach ((string name, string[] addresses) in ((string, string[])[])[("200 clients that have a few of the 50 connections they may have", many), ("one client that has 45 of its 50", ["127.0.0.9"])])
            {
                await ConnectionChurn.RunAsync(addresses, FirstHttpsPort, count, Limit - 5, Churn / 10);
                Window churn = await MeasureAsync(count, () => ConnectionChurn.RunAsync(addresses, FirstHttpsPort, count, Limit - 5, Churn));
                churn.Write($"connections come and go: {name}", $"{Churn} connections to all nodes in turn", idle, Churn);
            }

            foreach (int port in Enumerable.Range(FirstHttpsPort, count))
            {
                for (int connection = 0; connection < ConnectionsEach; connection++)
                    clients.Add(await TlsClient.ConnectAsync(port, TlsClient.Options(resume: false)));
            }

            foreach ((string name, string filter) in ((string, string)[])[("all", ""), ("one node's", $"node = 127.0.0.1:{FirstRemotePort + 1}"), ("nobody's", "principal = nobody")])
            {
                var where = ConnectionFilter.Parse(filter);
                // The first is compiled.
                await nodes[0].Directory.FindAsync(where);
                Window found = await MeasureAsync(count, async () =>
                {
                    for (int query = 0; query < Queries; query++)
                        await nodes[0].Directory.FindAsync(where);
                });
                found.Write($"the directory is asked for {name} connections", $"of {count * ConnectionsEach}, 100 of them told of at most", idle, Queries);
            }

            return 0;
        }
        finally
        {
            foreach (SslStream client in clients)
                await client.DisposeAsync();
            await Task.WhenAll(nodes.Select(node => node.DisposeAsync().AsTask()));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Window> MeasureAsync(int count, Func<Task> work)
    {
        IReadOnlyDictionary<string, long> before = SentMessages.Taken();
        long bytes = await RemoteTraffic.BytesSentAsync(FirstRemotePort, count);
        long start = Stopwatch.GetTimestamp();
        await work();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        bytes = await RemoteTraffic.BytesSentAsync(FirstRemotePort, count) - bytes;
        return new Window(count, seconds, bytes, SentMessages.Taken().ToDictionary(sent => sent.Key, sent => sent.Value - before.GetValueOrDefault(sent.Key)));
    }

    private static async Task AwaitAsync(Func<bool> condition)
    {
        var patience = Stopwatch.StartNew();
        while (!condition())
        {
            if (patience.Elapsed > TimeSpan.FromMinutes(3))
                throw new TimeoutException("The nodes did not become a cluster within three minutes.");
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }

    /// <summary>What was said while something happened.</summary>
    private sealed record Window(int Nodes, double Seconds, long Bytes, IReadOnlyDictionary<string, long> Messages)
    {
        /// <param name="what">What happened.</param>
        /// <param name="more">And how.</param>
        /// <param name="idle">What is said all the time, which is taken off; null: nothing.</param>
        /// <param name="times">How often it happened; 0: all the time.</param>
        public void Write(string what, string more, Window? idle, int times)
        {
            double share = idle is null ? 0 : Seconds / idle.Seconds;
            double messages = Messages.Values.Sum() - (share * (idle?.Messages.Values.Sum() ?? 0));
            double bytes = Bytes - (share * (idle?.Bytes ?? 0));
            Console.WriteLine();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} ({more})"));
            Console.WriteLine(times == 0
                ? string.Create(CultureInfo.InvariantCulture, $"  a second and node: {messages / Seconds / Nodes:0.0} messages, {bytes / Seconds / Nodes:0} bytes")
                : string.Create(CultureInfo.InvariantCulture, $"  each time: {messages / times:0.0} messages, {bytes / times:0} bytes, {Seconds * 1000 / times:0.0} ms"));
            foreach ((string name, long sent) in Messages.Where(sent => sent.Value > 0).OrderByDescending(sent => sent.Value).Take(8))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {sent / Seconds / Nodes,10:0.00} a second and node  {name}"));
        }
    }
}
