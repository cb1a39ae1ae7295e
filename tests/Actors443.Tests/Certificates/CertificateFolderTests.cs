using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

public sealed class CertificateFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();
    private readonly List<string> _problems = [];

    public void Dispose()
    {
        _root.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("site.pem", "site.key")]
    [InlineData("site.crt", "site.key")]
    [InlineData("site.cer", "site.key")]
    [InlineData("site.pem", "site-key.pem")]
    [InlineData("fullchain.pem", "privkey.pem")]
    [InlineData("tls.crt", "tls.key")]
    [InlineData("fullchain.cer", "private.key")]
    [InlineData("example.com/fullchain.pem", "example.com/privkey.pem")]
    [InlineData("example.com/tls.crt", "example.com/tls.key")]
    public void Chain_and_key_are_paired_by_name(string chain, string key)
    {
        _root.Issue("a.test").WritePair(_folder, chain, key);

        CertificateFileSettings found = Assert.Single(Find());

        Assert.Equal((PathOf(chain), PathOf(key)), (found.Chain, found.Key));
        Assert.Equal(["a.test"], CertificateLoader.Load(found, _root.Now).Names);
        Assert.Empty(_problems);
    }

    [Fact]
    public void A_file_with_chain_and_key_is_one_of_its_own()
    {
        _root.Issue("a.test").WriteSingle(_folder, "haproxy.pem");

        Assert.Equal(new CertificateFileSettings { Chain = PathOf("haproxy.pem") }, Assert.Single(Find()), Same);
    }

    [Fact]
    public void A_pfx_takes_the_password_beside_it()
    {
        _root.Issue("a.test").WritePfx(_folder, "open.pfx", password: null, setting: null);
        _root.Issue("b.test").WritePfx(_folder, "locked.p12", "secret", setting: null);
        _folder.Write("locked.p12.password", "secret\n");

        IReadOnlyList<CertificateFileSettings> found = Find();

        Assert.Equal(["b.test", "a.test"], found.SelectMany(files => CertificateLoader.Load(files, _root.Now).Names));
    }

    [Fact]
    public void An_encrypted_key_takes_the_password_beside_it()
    {
        _root.Issue("a.test").WriteEncryptedPair(_folder, "a", "secret", setting: null);
        _folder.Write("a.key.password", "secret\n");

        Assert.Equal(["a.test"], CertificateLoader.Load(Assert.Single(Find()), _root.Now).Names);
    }

    [Fact]
    public void Several_of_several_forms_are_found_in_order_of_their_names_those_of_the_folder_first()
    {
        _root.Issue("inner.test").WritePair(_folder, "0/tls.crt", "0/tls.key");
        _root.Issue("b.test").WritePair(_folder, "b");
        _root.Issue("a.test").WriteSingle(_folder, "a.pem");
        _root.Issue("pair.test").WritePair(_folder, "tls.crt", "tls.key");

        Assert.Equal(["tls.crt", "a.pem", "b.pem", "0/tls.crt"], Find().Select(files => Path.GetRelativePath(_folder.Path, files.Chain!)));
        Assert.Empty(_problems);
    }

    [Fact]
    public void The_parts_of_a_certificate_that_is_there_whole_are_passed_over()
    {
        using TestCertificates intermediate = _root.Intermediate();
        TestCertificate issued = intermediate.Issue("a.test");
        issued.WritePair(_folder, "live/fullchain.pem", "live/privkey.pem");
        _folder.Write("live/cert.pem", issued.LeafPem);
        _folder.Write("live/chain.pem", intermediate.CertificatePem);
        _folder.Write("live/README", "as certbot writes it");

        Assert.Equal(PathOf("live/fullchain.pem"), Assert.Single(Find()).Chain);
        Assert.Empty(_problems);
    }

    [Fact]
    public void An_authoritys_certificate_is_passed_over()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        _folder.Write("ca.crt", _root.CertificatePem);

        Assert.Equal(PathOf("a.pem"), Assert.Single(Find()).Chain);
        Assert.Empty(_problems);
    }

    [Fact]
    public void What_kubernetes_keeps_for_itself_is_passed_over()
    {
        _root.Issue("a.test").WritePair(_folder, "..2026_01_01/tls.crt", "..2026_01_01/tls.key");
        Directory.CreateSymbolicLink(PathOf("..data"), "..2026_01_01");
        File.CreateSymbolicLink(PathOf("tls.crt"), "..data/tls.crt");
        File.CreateSymbolicLink(PathOf("tls.key"), "..data/tls.key");

        Assert.Equal(PathOf("tls.crt"), Assert.Single(Find()).Chain);
        Assert.Empty(_problems);
    }

    [Fact]
    public void Files_two_levels_down_are_not_looked_for()
    {
        _root.Issue("a.test").WritePair(_folder, "one/two/tls.crt", "one/two/tls.key");

        Assert.Empty(Find());
        Assert.Empty(_problems);
    }

    [Theory]
    [InlineData("site.pem")]
    [InlineData("site.crt")]
    [InlineData("inner/site.cer")]
    public void A_file_without_any_pem_is_reported(string name)
    {
        _folder.Write(name, "not PEM at all");

        Assert.Empty(Find());
        Reported(PathOf(name), "is not PEM", "openssl x509 -inform der -in site.");
    }

    [Fact]
    public void A_binary_certificate_is_reported()
    {
        File.WriteAllBytes(PathOf("site.cer"), _root.Issue("a.test").WithKey.RawData);

        Assert.Empty(Find());
        Reported("site.cer", "is not PEM");
    }

    [Fact]
    public void A_server_certificate_without_its_key_is_reported()
    {
        _folder.Write("site.pem", _root.Issue("a.test").ChainPem);

        Assert.Empty(Find());
        Reported("site.pem", "its key is missing", "as site.key");
    }

    [Fact]
    public void A_self_signed_certificate_without_its_key_is_reported()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a.test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority());
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("a.test");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = request.CreateSelfSigned(_root.Now, _root.Now.AddDays(30));
        _folder.Write("site.crt", signed.ExportCertificatePem());

        Assert.Empty(Find());
        Reported("site.crt", "its key is missing", "as site.key");
    }

    [Fact]
    public void A_folder_that_is_not_there_is_reported()
    {
        Assert.Empty(CertificateFolder.Find(PathOf("none"), _problems));
        Reported("there is no folder " + PathOf("none"), "make it or correct the path");
    }

    [SkippableFact]
    public void What_cannot_be_read_is_reported_and_the_rest_is_found()
    {
        Skip.If(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "the superuser can read everything");
        _root.Issue("a.test").WritePair(_folder, "a");
        _root.Issue("b.test").WritePair(_folder, "closed/tls.crt", "closed/tls.key");
        _folder.Write("secret.pem", "");
#pragma warning disable CA1416 // Skipped on Windows.
        File.SetUnixFileMode(PathOf("closed"), UnixFileMode.None);
        File.SetUnixFileMode(PathOf("secret.pem"), UnixFileMode.None);
        try
        {
            Assert.Equal(PathOf("a.pem"), Assert.Single(Find()).Chain);
            Assert.Equal(2, _problems.Count(problem => problem.Contains("give the server's user the right to read it", StringComparison.Ordinal)));
        }
        finally
        {
            File.SetUnixFileMode(PathOf("closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
#pragma warning restore CA1416
    }

    private static bool Same(CertificateFileSettings one, CertificateFileSettings other) =>
        (one.Chain, one.Key, one.Pfx, one.Password) == (other.Chain, other.Key, other.Pfx, other.Password);

    private IReadOnlyList<CertificateFileSettings> Find() => CertificateFolder.Find(_folder.Path, _problems);

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private void Reported(params string[] saying)
    {
        string problem = Assert.Single(_problems);
        Assert.All(saying, words => Assert.Contains(words, problem, StringComparison.Ordinal));
    }
}
