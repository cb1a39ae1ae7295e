using System.Globalization;
using System.Net.Security;
using System.Text;
using Actors443.Certificates;

namespace Actors443.Bench;

/// <summary>64 connections of load, and a new certificate each time the last one has been seen by a new connection.</summary>
internal static class ReloadsUnderLoad
{
    private const int Port = 18445;

    public static async Task<int> RunAsync(int reloads)
    {
        string state = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        string folder = Directory.CreateDirectory(Path.Combine(state, "certificates")).FullName;
        string authority = Path.Combine(state, "authority");
        try
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            LocalCa ca = LocalCa.Open(authority, now);
            Replace(ca, folder, 0, now);
            string site = Path.Combine(state, "hello.conf");
            await File.WriteAllTextAsync(site, """actors443.sites."*" { routes = [ { path = "/*", respond { status = 200, type = "text/plain", body = "Hello, World!" } } ] }""");
            using ServerUnderTest server = await ServerUnderTest.StartProductAsync(Port, state, site, "--set", $"certificates.directories={folder}");
            string duration = Math.Max(10, reloads).ToString(CultureInfo.InvariantCulture);
            string url = string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{Port}/");
            Task<(long Succeeded, long Failed)> h2 = Tools.H2LoadAsync("-c", "32", "-m", "4", "--rps", "20", "-D", duration, url);
            Task<(long Succeeded, long Failed)> h1 = Tools.H2LoadAsync("--h1", "-c", "32", "--rps", "20", "-D", duration, url);
            int seen = 0;
            long handshakes = 0;
            while (seen < reloads && !(h1.IsCompleted && h2.IsCompleted))
            {
                string serial = Replace(ca, folder, seen + 1, now);
                for (string shown = ""; shown != serial; handshakes++)
                {
                    await using SslStream stream = await TlsClient.ConnectAsync(server.Port, TlsClient.Options(resume: false));
                    shown = stream.RemoteCertificate!.GetSerialNumberString();
                    if (shown != serial)
                        await Task.Delay(20);
                }

                seen++;
            }

            (long Succeeded, long Failed)[] loads = await Task.WhenAll(h1, h2);
            long failed = loads.Sum(load => load.Failed);
            Console.WriteLine($"{seen} certificate reloads, each seen by a new connection ({handshakes} handshakes, none failed), under 64 connections: {loads.Sum(load => load.Succeeded)} requests answered, {failed} failed");
            return failed == 0 && seen == reloads ? 0 : 1;
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private static string Replace(LocalCa ca, string folder, int number, DateTimeOffset now)
    {
        // Another lifetime is another certificate; the leaf is a file with its key.
        ServerCertificate issued = ca.Issue([$"reload-{number}.localhost", "localhost"], TimeSpan.FromDays(30), now);
        string leaf = issued.Leaf.ExportCertificatePem();
        string key = issued.Key.ExportPkcs8PrivateKeyPem();
        PrivateFile.Write(Path.Combine(folder, "site.pem"), Encoding.ASCII.GetBytes(leaf + "\n" + key + "\n"));
        return issued.Leaf.GetSerialNumberString();
    }
}
