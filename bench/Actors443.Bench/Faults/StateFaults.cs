using System.Globalization;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;
using Actors443.Identities;

namespace Actors443.Bench.Faults;

/// <summary>The state directory cannot be written to.</summary>
internal abstract class StateFault : Fault
{
    /// <summary>Answers what is said about a revocation that cannot be kept.</summary>
    protected static async Task<string> RevokeInVainAsync(WatchedServer server, List<string> broken)
    {
        RevocationReport report = await server.Admin.RevokeAsync(Identity.Account("while"), new string('x', 200), CancellationToken.None);
        if (report.Nodes is [{ Problem: { } problem }])
            return problem;
        broken.Add("a revocation that cannot be kept was taken without a word");
        return "";
    }
}

/// <summary>The file system of the state directory and of the access log, which only the server sees, is full.</summary>
internal sealed class FullDisk : StateFault
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    public override string Name => "full-disk";

    public override string? Missing => NeedsRoot;

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        string state = Path.Combine(site.Folder, "state");
        using WatchedServer server = await WatchedServer.StartAsync(
            site,
            site.UpstreamPort,
            $"engine = {engine}, log.level = error\naccess-log {{ format = combined, path = \"{state}/access.log\" }}",
            prefix: ["unshare", "-m", "sh", "-c", $"mkdir -p {state} && mount -t tmpfs -o size=1m,mode=700 tmpfs {state} && exec \"$@\"", "sh"]);
        string seen = $"/proc/{server.Id}/root{state}";
        var broken = new List<string>();
        await ServeAsync(server, TimeSpan.FromSeconds(1));
        await server.Admin.RevokeAsync(Identity.Account("before"), null, CancellationToken.None);
        string filler = Path.Combine(seen, "filler");
        await FillAsync(filler);
        byte[] revoked = await File.ReadAllBytesAsync(Path.Combine(seen, "revoked"));
        (IReadOnlyList<string> failures, int served, double slowest) = await ServeAsync(server, TimeSpan.FromSeconds(5));
        if (failures.Count > 0)
            broken.Add($"{failures.Count} requests failed: {failures[0]}");
        string said = await RevokeInVainAsync(server, broken);
        byte[] then = await File.ReadAllBytesAsync(Path.Combine(seen, "revoked"));
        if (!revoked.SequenceEqual(then))
            broken.Add("what was revoked before is not what it was");
        long dropped = await server.MetricAsync("actors443_access_log_dropped_total");
        if (dropped == 0)
            broken.Add("no lost entry of the access log was counted");
        File.Delete(filler);
        long length = new FileInfo(Path.Combine(seen, "access.log")).Length;
        await ServeAsync(server, TimeSpan.FromSeconds(1));
        if (!await HoldsAsync(async () =>
        {
            await StatusAsync(server.Port);
            return new FileInfo(Path.Combine(seen, "access.log")).Length > length;
        }, Soon))
            broken.Add("the access log does not go on when there is room again");
        await server.Admin.RevokeAsync(Identity.Account("after"), null, CancellationToken.None);
        return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"{served} requests served, the slowest {slowest:0} ms, {dropped} log entries dropped and counted; a revocation is in force, and told to be forgotten at a restart ('{said}'), nothing torn; all goes on with room again"), broken);
    }

    private static async Task FillAsync(string path)
    {
        byte[] block = new byte[512];
        // Without a buffer, which would have to be written at the end.
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            for (int written = 0; written < 4 << 20; written += block.Length)
                await file.WriteAsync(block);
        }
        catch (IOException)
        {
            return;
        }

        throw new InvalidOperationException("The disk does not get full.");
    }
}

/// <summary>The state directory cannot be written: while the server runs, and when it starts with what is there.</summary>
internal sealed class ReadOnlyState : StateFault
{
    public override string Name => "read-only-state";

    public override string? Missing => NeedsRoot;

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        var broken = new List<string>();
        string state = Path.Combine(site.Folder, "state");
        string settings = $"engine = {engine}, log.level = warning";
        string[] readOnly = ["unshare", "-m", "sh", "-c", $"mount --bind {state} {state} && mount -o remount,ro,bind {state} && exec \"$@\"", "sh"];
        using (WatchedServer first = await WatchedServer.StartAsync(site, site.UpstreamPort, settings))
            await first.Admin.RevokeAsync(Identity.Account("before"), null, CancellationToken.None);
        using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, settings, prefix: readOnly);
        (IReadOnlyList<string> failures, int served, _) = await ServeAsync(server, TimeSpan.FromSeconds(3));
        if (failures.Count > 0)
            broken.Add($"{failures.Count} requests failed: {failures[0]}");
        if ((await server.Admin.ListRevokedAsync(CancellationToken.None)).Length != 1)
            broken.Add("what was revoked before is not known");
        string said = await RevokeInVainAsync(server, broken);
        return new FaultResult($"started with what was there, {served} requests served; a revocation is in force, and told to be forgotten at a restart ('{said}')", broken);
    }
}
