using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using BenchmarkDotNet.Attributes;

namespace Actors443.Microbench;

/// <summary>Finding the certificate of a server name among 100,000.</summary>
public class CertificateLookup
{
    private const int Names = 100_000;
    private const int NamesEach = 100;

    private CertificateIndex _index = null!;

    [GlobalSetup]
    public void Setup()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        X509Certificate2 leaf = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        ServerCertificate[] certificates =
        [
            .. Enumerable.Range(0, Names / NamesEach).Select(number => new ServerCertificate(
                leaf,
                key,
                [],
                [.. Enumerable.Range(0, NamesEach).Select(name => string.Create(CultureInfo.InvariantCulture, $"{(name % 10 == 0 ? "*." : "")}site{name}.customer{number}.example.com"))],
                CertificateKeyKinds.Ecdsa,
                "bench")),
        ];
        _index = new CertificateIndex(1, certificates, null, now);
    }

    [Benchmark]
    public object? Exact() => _index.Find("site57.customer500.example.com", CertificateKeyKinds.Any);

    [Benchmark]
    public object? Wildcard() => _index.Find("www.site50.customer500.example.com", CertificateKeyKinds.Any);

    [Benchmark]
    public object? Unknown() => _index.Find("www.unknown.example.org", CertificateKeyKinds.Any);
}
