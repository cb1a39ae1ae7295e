using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Certificates.Ocsp;
using Actors443.Configuration;
using Actors443.IntegrationTests.Engine;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tls;

/// <summary>OCSP stapling, with <c>openssl ocsp</c> as the responder and <c>openssl s_client -status</c> as the client.</summary>
public sealed class OcspStaplingTests : IDisposable
{
    private readonly TestCertificates _root = new();
    private readonly TestCertificates _issuer;
    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort();
    private readonly TestCertificate _site;

    public OcspStaplingTests()
    {
        _issuer = _root.Intermediate();
        _site = _issuer.Issue(new TestCertificateOrder { Names = ["localhost"], OcspResponder = $"http://127.0.0.1:{_port}/" });
        _folder.Write("issuer.pem", _issuer.CertificatePem);
        _folder.Write("issuer.key", _issuer.KeyPem);
        TestCertificate responder = _issuer.Issue(new TestCertificateOrder { CommonName = "Responder", ExtendedKeyUsage = ExtendedKeyUsages.OcspSigning });
        _folder.Write("responder.pem", responder.WithKey.ExportCertificatePem());
        _folder.Write("responder.key", responder.KeyPem);
        _site.WritePair(_folder, "site");
    }

    public void Dispose()
    {
        _folder.Dispose();
        _issuer.Dispose();
        _root.Dispose();
    }

    [SkippableTheory]
    [InlineData("issuer", "-tls1_3")]
    [InlineData("responder", "-tls1_2")]
    public async Task A_good_certificate_is_stapled_and_the_answer_outlives_a_restart(string signer, string version)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        WriteIndex(revoked: false);
        using var state = new TemporaryFolder();
        await using (Responder(signer))
        await using (EngineHost host = await StartAsync(state))
            await Eventually.HoldsAsync(async () => (await AskAsync(host, version)).Contains("Cert Status: good", StringComparison.Ordinal), "the answer is shown");

        await using EngineHost again = await StartAsync(state);
        Assert.Contains("OCSP Response Status: successful", await AskAsync(again, version), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_revoked_one_is_not_stapled_and_neither_is_one_whose_responder_is_away()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        WriteIndex(revoked: true);
        using var state = new TemporaryFolder();
        using var log = new LinesOfLog();
        await using (OpenSslDialogue responder = Responder("issuer"))
        await using (EngineHost host = await StartAsync(state, log))
        {
            await Eventually.HoldsAsync(() => log.Lines.Any(line => line.Contains("gave nothing to staple", StringComparison.Ordinal)), "the log says so");
            Assert.Contains("OCSP response: no response sent", await AskAsync(host, "-tls1_3"), StringComparison.Ordinal);
        }

        await using EngineHost away = await StartAsync(state);
        Assert.Contains("OCSP response: no response sent", await AskAsync(away, "-tls1_3"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Whoever_names_no_responder_is_told_once()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        _issuer.Issue("localhost").WritePair(_folder, "site");
        using var state = new TemporaryFolder();
        using var log = new LinesOfLog();
        await using EngineHost host = await StartAsync(state, log);

        await Eventually.HoldsAsync(() => log.Lines.Any(line => line.Contains("names no OCSP responder", StringComparison.Ordinal)), "the log says so");
        Assert.Contains("OCSP response: no response sent", await AskAsync(host, "-tls1_3"), StringComparison.Ordinal);
        Assert.Single(log.Lines, line => line.Contains("names no OCSP responder", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_portable_engine_says_that_it_cannot()
    {
        using var state = new TemporaryFolder();
        using var log = new LinesOfLog();
        await using EngineHost host = await StartAsync(state, log, EngineKind.Portable);

        await Eventually.HoldsAsync(() => log.Lines.Any(line => line.Contains("nothing is stapled with the portable engine", StringComparison.Ordinal)), "the log says so");
    }

    [SkippableTheory]
    [InlineData("good", null)]
    [InlineData("forged", "signed neither by the issuer nor by a responder")]
    [InlineData("not a responder", "signed neither by the issuer nor by a responder")]
    [InlineData("other", "for another certificate")]
    [InlineData("ended", "the answer ended on")]
    [InlineData("future", "is of the future")]
    [InlineData("revoked", "THE CERTIFICATE IS REVOKED")]
    [InlineData("unknown", "does not know the certificate")]
    [InlineData("garbage", "no OCSP response")]
    [InlineData("cut", "no OCSP response")]
    public async Task An_answer_is_believed_only_if_all_is_right(string kind, string? problem)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        WriteIndex(revoked: kind == "revoked", known: kind != "unknown");
        using var forger = new TestCertificates("Test Intermediate");
        TestCertificate stranger = _issuer.Issue("stranger.test");
        _folder.Write("forger.pem", forger.CertificatePem);
        _folder.Write("forger.key", forger.KeyPem);
        _folder.Write("stranger.pem", stranger.WithKey.ExportCertificatePem());
        _folder.Write("stranger.key", stranger.KeyPem);
        string signer = kind switch { "forged" => "forger", "not a responder" => "stranger", _ => "responder" };
        byte[] answer = kind == "garbage" ? [1, 2, 3] : await AnswerAsync(signer, _site.WithKey);
        if (kind == "cut")
            answer = answer[..^10];
        X509Certificate2 about = kind == "other" ? stranger.WithKey : _site.WithKey;
        DateTimeOffset now = DateTimeOffset.UtcNow + (kind switch { "ended" => TimeSpan.FromHours(2), "future" => TimeSpan.FromHours(-2), _ => TimeSpan.Zero });

        if (problem is null)
            Assert.Equal(answer, OcspStaple.Read(answer, about, _issuer.Certificate, now).Response);
        else
            Assert.Contains(problem, Assert.Throws<OcspException>(() => OcspStaple.Read(answer, about, _issuer.Certificate, now)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_must_be_stapled_is_refused()
    {
        CertificateFileSettings files = _issuer.Issue(new TestCertificateOrder { Names = ["must.test"], MustStaple = true }).WritePair(_folder, "must");

        CertificateException problem = Assert.Throws<CertificateException>(() => CertificateLoader.Load(files, DateTimeOffset.UtcNow));

        Assert.Contains("It must be stapled", problem.Message, StringComparison.Ordinal);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<string> AskAsync(EngineHost host, string version)
    {
        await using OpenSslDialogue client = OpenSslDialogue.Start(host.Port, version, "-status", "-ign_eof");
        await client.SayAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        await Eventually.HoldsAsync(() => client.HasEnded, "it is answered");
        await client.DisposeAsync();
        return client.Output;
    }

    private Task<EngineHost> StartAsync(TemporaryFolder state, LinesOfLog? log = null, EngineKind kind = EngineKind.EventLoop) => EngineHost.StartAsync(
        kind,
        settings => settings with
        {
            StateDirectory = state.Path,
            Certificates = settings.Certificates with { Files = [new CertificateFileSettings { Chain = $"{_folder.Path}/site.pem", Key = $"{_folder.Path}/site.key" }] },
        },
        log: log);

    private void WriteIndex(bool revoked, bool known = true)
    {
        string end = _site.WithKey.NotAfter.ToUniversalTime().ToString("yyMMddHHmmss'Z'", CultureInfo.InvariantCulture);
        string serial = _site.WithKey.SerialNumber;
        _folder.Write("index.txt", !known ? "" : revoked ? $"R\t{end}\t250101000000Z\t{serial}\tunknown\t/CN=localhost\n" : $"V\t{end}\t\t{serial}\tunknown\t/CN=localhost\n");
    }

    private string[] Ocsp(string signer) =>
        ["ocsp", "-index", $"{_folder.Path}/index.txt", "-CA", $"{_folder.Path}/issuer.pem", "-rsigner", $"{_folder.Path}/{signer}.pem", "-rkey", $"{_folder.Path}/{signer}.key", "-nmin", "60"];

    private OpenSslDialogue Responder(string signer) => OpenSslDialogue.StartProgram([.. Ocsp(signer), "-port", _port.ToString(CultureInfo.InvariantCulture)]);

    private async Task<byte[]> AnswerAsync(string signer, X509Certificate2 about)
    {
        string request = Path.Combine(_folder.Path, "request.der");
        string response = Path.Combine(_folder.Path, "response.der");
        await File.WriteAllBytesAsync(request, OcspRequest.For(about, _issuer.Certificate));
        using Process process = Process.Start(new ProcessStartInfo("openssl", [.. Ocsp(signer), "-reqin", request, "-respout", response]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(File.Exists(response), errors);
        return await File.ReadAllBytesAsync(response);
    }
}
