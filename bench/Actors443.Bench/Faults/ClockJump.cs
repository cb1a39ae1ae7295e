using System.Buffers.Binary;
using System.Globalization;
using System.Net.Security;
using Actors443.Bench.Attacks;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;

namespace Actors443.Bench.Faults;

/// <summary>The wall clock goes half a year forward, and back again.</summary>
internal sealed class ClockJump : Fault
{
    private const long Jump = 150L * 24 * 60 * 60;

    public override string Name => "clock-jump";

    public override string? Missing => Programs.Find("gcc") is null ? "gcc is missing: apt install gcc libc6-dev" : null;

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        string library = Path.Combine(site.Folder, "skew.so");
        string said = await Programs.RunAsync(Programs.Find("gcc")!, "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-o", library, Path.Combine(Testing.Repository.Folder, "tests", "native", "skew.c"), "-ldl");
        if (!File.Exists(library))
            throw new InvalidOperationException(said);
        string skew = Path.Combine(site.Folder, "skew");
        Set(skew, 0);
        using WatchedServer server = await WatchedServer.StartAsync(
            site,
            site.UpstreamPort,
            $"engine = {engine}, log.level = error, certificates {{ files = [], rescan = 1s }}",
            prefix: ["env", $"LD_PRELOAD={library}", $"SKEW_FILE={skew}"]);
        var broken = new List<string>();
        DateTime first = await NotAfterAsync(server.Port);
        using var client = new GoodClient(server.Port, BenchSite.Hello);
        await Task.Delay(1_000);
        Set(skew, Jump);
        DateTime renewed = first;
        if (!await HoldsAsync(async () => (renewed = await NotAfterAsync(server.Port)) > first.AddDays(60), TimeSpan.FromSeconds(60)))
            broken.Add("the certificate was not renewed");
        await Task.Delay(3_000);
        Set(skew, 0);
        await Task.Delay(5_000);
        if (client.Failures.Count > 0)
            broken.Add($"{client.Failures.Count} requests failed: {client.Failures[0]}");
        double[] times = client.Since(0);
        return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"150 days forward: the local CA's certificate renewed ({first:yyyy-MM-dd} → {renewed:yyyy-MM-dd}); back again; {times.Length} requests served meanwhile, on one connection and on new ones, the slowest {times[^1]:0} ms"), broken);
    }

    private static async Task<DateTime> NotAfterAsync(int port)
    {
        await using SslStream stream = await TlsClient.ConnectAsync(port, TlsClient.Options(resume: false));
        return DateTime.Parse(stream.RemoteCertificate!.GetExpirationDateString(), CultureInfo.CurrentCulture);
    }

    // In place: the server has it mapped.
    private static void Set(string path, long seconds)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, seconds);
        using FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(bytes);
    }
}
