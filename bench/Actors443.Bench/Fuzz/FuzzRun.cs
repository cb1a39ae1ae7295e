using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;
using Actors443.Certificates;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Settings;

namespace Actors443.Bench.Fuzz;

/// <summary>
/// Parts of the engine in this process, then a real server under changed ClientHellos, handshakes, records and HTTP, while a good client is served.
/// </summary>
internal static class FuzzRun
{
    private const int Threads = 6;
    private const int SlowThreads = 2;
    private const double ShareOfParts = 0.2;
    private const int SpareDescriptors = 24;

    /// <summary>A good client's conversation never takes longer, whatever is going on.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(5);

    /// <summary>The same of a server that checks its memory at each step.</summary>
    private static readonly TimeSpan SlowHang = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SettleWithin = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(double minutes, int seed, string? preload)
    {
        var time = TimeSpan.FromMinutes(minutes);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {minutes:0.##} minutes"));
        using var site = new BenchSite();
        (string certificate, string authority) = WriteClientCertificate(site);
        using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, $$"""
            sites."mtls.localhost" {
              certificate = { chain = "{{site.Chain}}", key = "{{site.Key}}" }
              client-certificates { ca = "{{authority}}", mode = optional }
              routes = [{ path = "/*", respond = "{{BenchSite.Hello}}" }]
            }
            """, preload);
        var tls12 = new ClientTlsSettings { MaximumVersion = SslProtocols.Tls12 };
        var withCertificate = new ClientTlsSettings { ServerName = "mtls.localhost", ClientCertificate = certificate };
        ClientTlsContext[] contexts =
        [
            new(new ClientTlsSettings(), "localhost", LoadProtocol.Http1), new(tls12, "localhost", LoadProtocol.Http1),
            new(withCertificate, "localhost", LoadProtocol.Http1), new(withCertificate with { MaximumVersion = SslProtocols.Tls12 }, "localhost", LoadProtocol.Http1),
            new(new ClientTlsSettings(), "localhost", LoadProtocol.Http2),
        ];
        byte[][] hellos = [.. MakeHellos(contexts, server.Port)];
        List<string> faults = await FuzzPartsAsync(hellos, time * ShareOfParts, seed);
        faults.AddRange(await FuzzServerAsync(server, contexts, hellos, time * (1 - ShareOfParts), seed, slow: preload is not null));
        faults.ForEach(fault => Console.WriteLine("NOT AS IT SHOULD BE: " + fault));
        if (faults.Count == 0)
            Console.WriteLine("no crash, no hang, nothing left behind");
        foreach (ClientTlsContext context in contexts)
            context.Dispose();
        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>Readers of what strangers write, and nothing else.</summary>
    /// <param name="names">Which; none: all.</param>
    public static int RunReaders(IReadOnlyList<string> names, double minutes, int seed)
    {
        var readers = new ReadersFuzz(seed);
        IReadOnlyList<string> faults = readers.Run(names, TimeSpan.FromMinutes(minutes));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {minutes:0.##} minutes: {readers}"));
        foreach (string fault in faults)
            Console.WriteLine("NOT AS IT SHOULD BE: " + fault);
        return faults.Count == 0 ? 0 : 1;
    }

    private static async Task<List<string>> FuzzPartsAsync(byte[][] hellos, TimeSpan time, int seed)
    {
        var parts = new PartsFuzz(seed);
        var dns = new DnsFuzz(seed);
        var readers = new ReadersFuzz(seed);
        List<string> faults = [.. readers.Run([], time / 2)];
        Console.WriteLine($"read in this process: {readers}");
        time /= 2;
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                parts.ReadHellos(hellos, 2_000);
                dns.Run(2_000);
                parts.RunChain();
                for (int pipes = 0; pipes < 20; pipes++)
                    await parts.RunPipesAsync();
            }
        }
        catch (Exception cause)
        {
            faults.Add(cause.ToString());
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"in this process: {parts.HellosRead:N0} changed ClientHellos and {2 * dns.Read:N0} DNS messages read ({dns.Good:N0} of these good), {parts.Chains:N0} block chains and {parts.Pipes:N0} pipes between two threads"));
        return faults;
    }

    private static async Task<List<string>> FuzzServerAsync(WatchedServer server, ClientTlsContext[] contexts, byte[][] hellos, TimeSpan time, int seed, bool slow)
    {
        using var good = new OddClient(server.Port, hellos[0], 0, seed);
        for (int warmUp = 0; warmUp < (slow ? 20 : 200); warmUp++)
            good.Play(warmUp % 2 == 0 ? OddEnd.HalfClose : OddEnd.Http2);
        ServerHoldings before = await server.SettleAsync(SettleWithin);
        FuzzClient[] clients = [.. Enumerable.Range(0, slow ? SlowThreads : Threads).Select(number => new FuzzClient(server.Port, number, seed, contexts, hellos, slow))];
        using var stop = new CancellationTokenSource(time);
        Thread[] threads = [.. clients.Select(client => new Thread(() => client.RunUntil(stop.Token)) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        var faults = new List<string>();
        (int served, TimeSpan worst) = await Task.Run(() => ServeGoodClient(server, good, slow ? SlowHang : Hang, faults, stop.Token));
        foreach (Thread thread in threads)
            thread.Join();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"at the server: {clients.Sum(client => client.Hellos):N0} ClientHellos, {clients.Sum(client => client.Handshakes):N0} handshakes changed later, {clients.Sum(client => client.Records):N0} sessions with bad records, {clients.Sum(client => client.Http):N0} with bad HTTP ({clients.Sum(client => client.Opened):N0} sessions opened)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a good client beside them: {served:N0} conversations, the slowest {worst.TotalMilliseconds:0} ms"));
        if (!server.IsAlive)
        {
            string file = Path.Combine(Path.GetTempPath(), $"actors443-fuzz-{seed}.txt");
            await File.WriteAllLinesAsync(file, clients.SelectMany(client => client.Recent));
            faults.Add($"the server has ended; what was sent last is in {file}. It said: {server.Said}");
            return faults;
        }

        ServerHoldings after = await server.SettleAsync(SettleWithin);
        Console.WriteLine($"before {before}");
        Console.WriteLine($"after  {after}");
        if (!after.IsQuiet || after.Descriptors > before.Descriptors + SpareDescriptors)
            faults.Add("something is left behind");
        long internalErrors = await server.ClosedAsync("internal_error") + await server.ClosedAsync("actor_failed");
        if (internalErrors > 0)
            faults.Add($"{internalErrors} connections ended by a failure of the server's own. It said: {server.Said}");
        if (clients.Sum(client => client.Opened) == 0)
            faults.Add("no session was opened: what was to be tried inside TLS was not");
        foreach (FuzzClient client in clients)
            client.Dispose();
        return faults;
    }

    private static (int Served, TimeSpan Worst) ServeGoodClient(WatchedServer server, OddClient good, TimeSpan hang, List<string> faults, CancellationToken stop)
    {
        int served = 0;
        TimeSpan worst = default;
        while (!stop.IsCancellationRequested && server.IsAlive && faults.Count == 0)
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                good.Play(served % 2 == 0 ? OddEnd.HalfClose : OddEnd.Http2);
                served++;
            }
            catch (Exception cause) when (cause is IOException or SocketException)
            {
                faults.Add($"a good client was not served: {cause.Message}");
            }

            TimeSpan taken = Stopwatch.GetElapsedTime(start);
            worst = taken > worst ? taken : worst;
            if (taken > hang)
                faults.Add($"a good client waited for {taken.TotalSeconds:0.0} s");
            stop.WaitHandle.WaitOne(20);
        }

        return (served, worst);
    }

    /// <summary>What OpenSSL's clients say first: TLS 1.2 and 1.3, with HTTP/2, with a session to resume, and one that is to be asked to say it again.</summary>
    private static IEnumerable<byte[]> MakeHellos(ClientTlsContext[] contexts, int port)
    {
        foreach (ClientTlsContext context in contexts)
        {
            using var first = new TlsTalker(context, 0);
            first.Handshake();
            byte[] hello = first.TakeSaid();
            yield return hello;
            if (AskedAgain(hello) is { } asked)
                yield return asked;
            nint session = SessionOf(context, port);
            using var resuming = new TlsTalker(context, session);
            resuming.Handshake();
            yield return resuming.TakeSaid();
            Actors443.Engine.EventLoop.Interop.OpenSsl.SSL_SESSION_free(session);
        }
    }

    /// <summary>The same hello with a share of a group that nobody knows in place of its X25519, which it still supports (RFC 8446 4.1.4): the answer is a HelloRetryRequest.</summary>
    private static byte[]? AskedAgain(byte[] hello)
    {
        // key_share with one share of X25519, 32 bytes.
        int at = hello.AsSpan().IndexOf((ReadOnlySpan<byte>)[0, 51, 0, 38, 0, 36, 0, 29, 0, 32]);
        // supported_groups, of which the second becomes the unknown one.
        int groups = hello.AsSpan().IndexOf((ReadOnlySpan<byte>)[0, 29, 0, 23]);
        if (at < 0 || groups < 0)
            return null;
        byte[] asked = [.. hello];
        asked[groups + 2] = 0x0A;
        asked[groups + 3] = 0x0A;
        asked[at + 6] = 0x0A;
        asked[at + 7] = 0x0A;
        return asked;
    }

    private static nint SessionOf(ClientTlsContext context, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)SlowHang.TotalMilliseconds };
        socket.Connect(IPAddress.Loopback, port);
        using var talker = new TlsTalker(context, 0);
        byte[] buffer = new byte[32 * 1024];
        bool asked = false;
        while (true)
        {
            talker.Handshake();
            if (talker.IsOpen && !asked)
            {
                asked = true;
                talker.Say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
            }

            byte[] said = talker.TakeSaid();
            if (said.Length > 0)
                socket.Send(said);
            if (talker.IsBroken)
                throw new InvalidOperationException("A good handshake failed.");
            int count = socket.Receive(buffer);
            if (count == 0)
                throw new InvalidOperationException("The server ended a good handshake.");
            talker.Hear(buffer.AsSpan(0, count));
            if (talker.IsOpen && talker.Listen() > 0)
                return talker.TakeSession();
        }
    }

    private static (string Certificate, string Authority) WriteClientCertificate(BenchSite site)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using ECDsa authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=fuzz clients", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using X509Certificate2 authority = authorityRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=fuzz client", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ExtendedKeyUsages.ClientAuthentication)], critical: false));
        using X509Certificate2 leaf = request.Create(authority, now.AddDays(-1), now.AddDays(20), [4, 4, 3]);
        return (
            site.Write("client.pem", leaf.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n"),
            site.Write("clients-ca.pem", authority.ExportCertificatePem() + "\n"));
    }
}
