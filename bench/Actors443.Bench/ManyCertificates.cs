using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Bench.Servers;
using Actors443.Certificates;

namespace Actors443.Bench;

/// <summary>A folder of very many certificates: how long until they are served, what each takes, what a handshake costs among them, and when a changed one is seen.</summary>
internal static class ManyCertificates
{
    private const int Handshakes = 4000;
    private const int Workers = 8;
    private static readonly TimeSpan ChangeWithin = TimeSpan.FromMinutes(2);

    public static async Task<int> RunAsync(int count)
    {
        string state = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        try
        {
            using var issuer = new Issuer();
            string all = Directory.CreateDirectory(Path.Combine(state, "all")).FullName;
            string few = Directory.CreateDirectory(Path.Combine(state, "few")).FullName;
            Parallel.For(0, count, number => issuer.Write(all, number));
            issuer.Write(few, 0);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count:N0} certificates (ECDSA P-256, with their intermediate) in one folder"));

            Figures alone = await MeasureAsync(few, 1, state, issuer);
            Figures among = await MeasureAsync(all, count, state, issuer);
            double each = (among.Memory - alone.Memory) / 1024.0 / count;
            double shown = (among.MemoryShown - among.Memory) / 1024.0 / Math.Min(count, Handshakes);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"serves after {among.Start.TotalSeconds:0.0} s (with one certificate {alone.Start.TotalSeconds:0.0} s), of which {among.StartCpu.TotalSeconds:0.0} s of CPU"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"resident {among.Memory / 1048576.0:0} MiB ({alone.Memory / 1048576.0:0} MiB with one): {each:0.0} KiB a certificate; {shown:0.0} KiB more for one that has been shown"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"full handshake and close: {among.Handshake.TotalMicroseconds:0} us of CPU, each with another name of them all, the first time; {among.Again.TotalMicroseconds:0} us from then on ({among.Again / alone.Again:0.00} of {alone.Again.TotalMicroseconds:0} us with one certificate)"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"at rest {among.Idle:0.0} % of a core (with one certificate {alone.Idle:0.0} %); a changed certificate is shown after {among.Change.TotalSeconds:0.0} s, for {among.ChangeCpu.TotalSeconds:0.00} s of CPU"));
            return among.Wrong == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private static async Task<Figures> MeasureAsync(string folder, int count, string state, Issuer issuer)
    {
        string site = Path.Combine(state, "hello.conf");
        await File.WriteAllTextAsync(site, """actors443.sites."*" { respond = "Hello, World!" }""");
        int port = BenchSite.FreePort();
        long started = Stopwatch.GetTimestamp();
        using ServerUnderTest server = await ServerUnderTest.StartProductAsync(port, state, site, "--set", $"certificates.directories={folder}", "--set", "admission.per-client.exempt=[\"127.0.0.0/8\"]");
        TimeSpan start = Stopwatch.GetElapsedTime(started);
        TimeSpan startCpu = server.Cpu;
        long memory = server.Memory;

        // The code settles; then each handshake is with another name.
        await HandshakesAsync(port, Enumerable.Repeat(0, 2000));
        int step = Math.Max(1, count / Handshakes);
        TimeSpan before = server.Cpu;
        int wrong = await HandshakesAsync(port, Enumerable.Range(0, Handshakes).Select(i => i * step % count));
        TimeSpan handshake = (server.Cpu - before) / Handshakes;
        long memoryShown = server.Memory;
        before = server.Cpu;
        wrong += await HandshakesAsync(port, Enumerable.Range(0, Handshakes).Select(i => i * step % count));
        TimeSpan again = (server.Cpu - before) / Handshakes;

        before = server.Cpu;
        long rest = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(35));
        double idle = (server.Cpu - before) / Stopwatch.GetElapsedTime(rest) * 100;

        before = server.Cpu;
        long changed = Stopwatch.GetTimestamp();
        string serial = issuer.Write(folder, count / 2);
        while (await SerialAsync(port, count / 2) != serial)
        {
            if (Stopwatch.GetElapsedTime(changed) > ChangeWithin)
                throw new InvalidOperationException($"The changed certificate was not shown within {ChangeWithin.TotalSeconds} s.");
            await Task.Delay(50);
        }

        return new Figures(start, startCpu, memory, memoryShown, handshake, again, idle, Stopwatch.GetElapsedTime(changed), server.Cpu - before, wrong);
    }

    private static async Task<int> HandshakesAsync(int port, IEnumerable<int> numbers)
    {
        int wrong = 0;
        await Parallel.ForEachAsync(numbers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (number, stop) =>
        {
            SslClientAuthenticationOptions options = TlsClient.Options(resume: false);
            options.TargetHost = Issuer.NameOf(number);
            await using SslStream stream = await TlsClient.ConnectAsync(port, options, stop);
            if (!stream.RemoteCertificate!.Subject.Contains(options.TargetHost, StringComparison.Ordinal))
                Interlocked.Increment(ref wrong);
        });
        return wrong;
    }

    private static async Task<string> SerialAsync(int port, int number)
    {
        SslClientAuthenticationOptions options = TlsClient.Options(resume: false);
        options.TargetHost = Issuer.NameOf(number);
        await using SslStream stream = await TlsClient.ConnectAsync(port, options);
        return stream.RemoteCertificate!.GetSerialNumberString();
    }

    private sealed record Figures(TimeSpan Start, TimeSpan StartCpu, long Memory, long MemoryShown, TimeSpan Handshake, TimeSpan Again, double Idle, TimeSpan Change, TimeSpan ChangeCpu, int Wrong);

    /// <summary>A root that is thrown away, and an intermediate under it that issues. Thread-safe.</summary>
    private sealed class Issuer : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly X509Certificate2 _certificate;
        private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
        private readonly string _chain;

        public Issuer()
        {
            using ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using X509Certificate2 root = Authority("CN=Bench Root", rootKey).CreateSelfSigned(_now.AddDays(-1), _now.AddDays(100));
            using X509Certificate2 signed = Authority("CN=Bench Intermediate", _key).Create(root, _now.AddDays(-1), _now.AddDays(90), Serial());
            _certificate = signed.CopyWithPrivateKey(_key);
            _chain = signed.ExportCertificatePem() + "\n";
        }

        public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"site-{number}.customers.test");

        public string Write(string folder, int number)
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={NameOf(number)}", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(NameOf(number));
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ExtendedKeyUsages.ServerAuthentication)], false));
            using X509Certificate2 issued = request.Create(_certificate, _now.AddHours(-1), _now.AddDays(60), Serial());
            string path = Path.Combine(folder, NameOf(number));
            // Renamed into place, as a tool would that does not want half of it seen.
            Replace(path + ".key", key.ExportPkcs8PrivateKeyPem() + "\n");
            Replace(path + ".pem", issued.ExportCertificatePem() + "\n" + _chain);
            return issued.GetSerialNumberString();
        }

        public void Dispose()
        {
            _certificate.Dispose();
            _key.Dispose();
        }

        private static void Replace(string path, string text)
        {
            File.WriteAllText(path + ".tmp", text);
            File.Move(path + ".tmp", path, overwrite: true);
        }

        private static CertificateRequest Authority(string name, ECDsa key)
        {
            var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            return request;
        }

        private static byte[] Serial()
        {
            byte[] serial = RandomNumberGenerator.GetBytes(16);
            serial[0] &= 0x7F;
            serial[0] |= 1;
            return serial;
        }
    }
}
