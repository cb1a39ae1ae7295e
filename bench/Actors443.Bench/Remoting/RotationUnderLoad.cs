using System.Diagnostics;
using System.Globalization;
using Actors443.Bench.Servers;
using Actors443.Testing;

namespace Actors443.Bench.Remoting;

/// <summary>
/// Two processes stream numbers to each other while both get new certificates again and again, and half-way those of another CA. Each time whoever connects sees the new certificate, the
/// associations that there are go on upon connections with new certificates on both ends, and at the end no number is missing, none is out of order and no association was lost.
/// </summary>
internal static class RotationUnderLoad
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(int rotations)
    {
        using var certificates = new NodeCertificates();
        string[] names = ["one", "other"];
        int[] ports = [BenchSite.FreePort(), BenchSite.FreePort()];
        foreach (string name in names)
            certificates.Write(name, "127.0.0.1");
        using Node one = await Node.StartAsync(certificates.Folder, names[0], ports[0], ports[1]);
        using Node other = await Node.StartAsync(certificates.Folder, names[1], ports[1], ports[0]);
        Node[] nodes = [one, other];
        foreach (Node node in nodes)
            await node.AskAsync("go");
        foreach (Node node in nodes)
            await Eventually.HoldsAsync(async () => (await node.AskAsync("")).Heard > 10_000, "numbers come", Patience);

        var longest = TimeSpan.Zero;
        for (int rotation = 0; rotation < rotations; rotation++)
        {
            if (rotation == rotations / 2)
                certificates.ChangeAuthority();
            string[] shown = [.. names.Select(name => certificates.Write(name, "127.0.0.1").Thumbprint)];
            long since = Stopwatch.GetTimestamp();
            for (int index = 0; index < nodes.Length; index++)
            {
                string seen = await NodeCertificates.ShownAsync("127.0.0.1", ports[index], certificates.Authority.IssueNode("127.0.0.1").WithKey);
                if (seen != shown[index])
                    return Fail($"rotation {rotation}: {names[index]} shows {seen} to whoever connects, not {shown[index]}");
            }

            foreach ((Node node, string peer) in (IEnumerable<(Node, string)>)[(one, shown[1]), (other, shown[0])])
                await Eventually.HoldsAsync(async () => (await node.AskAsync("")).Peers is { Length: > 0 } peers && Array.TrueForAll(peers, seen => seen == peer), "all associations have new certificates at both ends", Patience);
            TimeSpan took = Stopwatch.GetElapsedTime(since);
            longest = took > longest ? took : longest;
        }

        certificates.ForgetFormer();
        foreach (Node node in nodes)
            await node.AskAsync(RotationNode.Stop);
        foreach (Node node in nodes)
            await Eventually.HoldsAsync(async () => await node.AskAsync(RotationNode.Stop) is { } stands && stands.Confirmed == stands.Sent, "all that was sent has come", Patience);
        State[] ends = [await one.AskAsync(RotationNode.Stop), await other.AskAsync(RotationNode.Stop)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rotations} new certificates of both nodes, with another CA half-way: {ends[0].Heard + ends[1].Heard} numbers came, {ends.Sum(end => end.Wrong)} missing or out of order, {ends.Sum(end => end.Lost)} associations lost; {ends.Sum(end => end.Renewed)} times an association went on upon a new connection, at the latest {longest.TotalSeconds:0.0} s after the files had changed"));
        return ends.All(end => end is { Wrong: 0, Lost: 0 }) && ends[0].Heard == ends[1].Sent && ends[1].Heard == ends[0].Sent ? 0 : Fail("numbers or associations were lost");
    }

    private static int Fail(string why)
    {
        Console.WriteLine($"NOT AS IT SHOULD BE: {why}");
        return 1;
    }

    private sealed record State(long Sent, long Confirmed, long Heard, long Wrong, long Lost, long Renewed, string[] Peers);

    private sealed class Node(Process process) : IDisposable
    {
        public static async Task<Node> StartAsync(string folder, string name, int port, int peer)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!, ["rotation-node", folder, name, port.ToString(CultureInfo.InvariantCulture), peer.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            Process process = Process.Start(start)!;
            string? line = await process.StandardOutput.ReadLineAsync();
            return line == "ready" ? new Node(process) : throw new InvalidOperationException($"{name} did not start: {line}");
        }

        public async Task<State> AskAsync(string order)
        {
            await process.StandardInput.WriteLineAsync(order);
            string[] answer = (await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("A node has ended.")).Split(' ');
            long[] counts = [.. answer[..6].Select(word => long.Parse(word, CultureInfo.InvariantCulture))];
            return new State(counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], [.. answer[6..].SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))]);
        }

        public void Dispose()
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.Dispose();
        }
    }
}
