using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

/// <summary>Every refusal says in one line which file, what is wrong with it, and what to do.</summary>
public sealed class CertificateRefusalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();
    private readonly TestCertificates _intermediate;

    public CertificateRefusalTests() => _intermediate = _root.Intermediate();

    public void Dispose()
    {
        _intermediate.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_key_of_another_certificate() => Refuses(
        new() { Chain = _folder.Write("a.pem", _root.Issue("a.test").ChainPem), Key = _folder.Write("a.key", _root.Issue("a.test").KeyPem) },
        "a.key",
        "is not the key of any certificate in",
        "put the pair together again");

    [Theory]
    [InlineData(null)]
    [InlineData("secret")]
    public void A_key_of_another_kind(string? password)
    {
        TestCertificate rsa = _root.IssueRsa("a.test");
        string key = _folder.Write("a.key", password is null ? rsa.KeyPem : rsa.EncryptedKeyPem(password));

        Refuses(new() { Chain = _folder.Write("a.pem", _root.Issue("a.test").ChainPem), Key = key, Password = password }, "a.key", "is not the key of any certificate in");
    }

    [Fact]
    public void A_wrong_password() =>
        Refuses(_root.Issue("a.test").WriteEncryptedPair(_folder, "a", "right", setting: "wrong"), "a.key", "cannot be decrypted", "check its password");

    [Fact]
    public void No_password_for_an_encrypted_key() =>
        Refuses(_root.Issue("a.test").WriteEncryptedPair(_folder, "a", "right", setting: null), "a.key", "is encrypted", "password = ");

    [Fact]
    public void A_password_of_an_environment_variable_that_is_not_there() =>
        Refuses(_root.Issue("a.test").WriteEncryptedPair(_folder, "a", "right", setting: "env:ACTORS443_NO_SUCH"), "the environment has no ACTORS443_NO_SUCH");

    [Fact]
    public void A_password_file_that_is_not_there() =>
        Refuses(_root.Issue("a.test").WriteEncryptedPair(_folder, "a", "right", setting: "file:" + _folder.Path + "/none"), "/none", "cannot be read", "name a readable file");

    [Fact]
    public void The_former_form_of_encrypted_keys()
    {
        const string Former = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n";

        Refuses(new() { Chain = _folder.Write("a.pem", _root.Issue("a.test").ChainPem), Key = _folder.Write("a.key", Former), Password = "x" }, "a.key", "openssl pkcs8 -topk8 -in a.key");
    }

    [Fact]
    public void A_key_that_is_none() => Refuses(
        new() { Chain = _folder.Write("a.pem", _root.Issue("a.test").ChainPem), Key = _folder.Write("a.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") },
        "a.key",
        "cannot be read",
        "RSA or ECDSA key");

    [Fact]
    public void Two_keys_in_one_file()
    {
        TestCertificate issued = _root.Issue("a.test");

        Refuses(new() { Chain = _folder.Write("a.pem", issued.ChainPem), Key = _folder.Write("a.key", _root.Issue("b.test").KeyPem + issued.KeyPem) }, "a.key", "must be one whole");
    }

    [Fact]
    public void No_key_at_all() => Refuses(new() { Chain = _folder.Write("a.pem", _root.Issue("a.test").ChainPem) }, "a.pem", "holds no private key", "key = ");

    [Fact]
    public void No_certificate_at_all() => Refuses(new() { Chain = _folder.Write("a.pem", _root.Issue("a.test").KeyPem) }, "a.pem", "holds no certificate", "BEGIN CERTIFICATE");

    [Fact]
    public void A_certificate_that_is_none()
    {
        TestCertificate issued = _root.Issue("a.test");
        string garbage = "-----BEGIN CERTIFICATE-----\n" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(300)) + "\n-----END CERTIFICATE-----\n";

        Refuses(new() { Chain = _folder.Write("a.pem", garbage), Key = _folder.Write("a.key", issued.KeyPem) }, "a.pem", "certificate that cannot be read");
    }

    [Theory]
    [InlineData(10)]
    [InlineData(200)]
    [InlineData(-30)]
    [InlineData(-200)]
    public void A_chain_caught_half_written(int cut)
    {
        TestCertificate issued = _intermediate.Issue("a.test");
        int length = cut > 0 ? cut + 20 : issued.ChainPem.Length + cut;

        Refuses(new() { Chain = _folder.Write("a.pem", issued.ChainPem[..length]), Key = _folder.Write("a.key", issued.KeyPem) }, "a.pem", "ends in the middle of a PEM block", "rename it");
    }

    [Fact]
    public void A_key_caught_half_written()
    {
        TestCertificate issued = _root.Issue("a.test");

        Refuses(new() { Chain = _folder.Write("a.pem", issued.ChainPem), Key = _folder.Write("a.key", issued.KeyPem[..100]) }, "a.key", "ends in the middle of a PEM block");
    }

    [Fact]
    public void Empty_files() => Refuses(new() { Chain = _folder.Write("a.pem", ""), Key = _folder.Write("a.key", "") }, "a.pem", "holds no certificate");

    [Fact]
    public void A_file_that_is_not_there() => Refuses(new() { Chain = _folder.Path + "/none.pem" }, "none.pem", "there is no such file", "correct the path");

    [Fact]
    public void A_folder_in_the_place_of_a_file() => Refuses(new() { Chain = _folder.Path }, "cannot be read", "right to read it");

    [Fact]
    public void An_entry_that_names_nothing() => Refuses(new CertificateFileSettings(), "certificates.files", "neither chain nor pfx");

    [Fact]
    public void An_expired_certificate() => Refuses(_root.IssueExpired("a.test").WritePair(_folder, "a"), "a.pem", "It expired on ", "renew it");

    [Fact]
    public void A_certificate_that_begins_later_than_a_slow_clock_explains()
    {
        CertificateFileSettings files = _root.Issue(new TestCertificateOrder { Names = ["a.test"], NotBefore = _root.Now.AddMinutes(5) }).WritePair(_folder, "a");
        Assert.Throws<CertificateException>(() => CertificateLoader.Load(files, _root.Now));
        Assert.Equal(["a.test"], CertificateLoader.Load(files, _root.Now, CertificateValidation.ClockTolerance).Names);
        Assert.Throws<CertificateException>(() => CertificateLoader.Load(files, _root.Now.AddHours(-1), CertificateValidation.ClockTolerance));
    }

    [Fact]
    public void A_certificate_that_is_not_valid_yet() => Refuses(_root.IssueNotYetValid("a.test").WritePair(_folder, "a"), "a.pem", "It is valid from ", "check the machine's clock");

    [Fact]
    public void An_expired_intermediate()
    {
        using TestCertificates intermediate = _root.Intermediate("Old Intermediate", notAfter: _root.Now.AddDays(-2));

        Refuses(intermediate.Issue("a.test").WritePair(_folder, "a"), "a.pem", "The intermediate Old Intermediate expired on ", "replace it in the chain");
    }

    [Fact]
    public void A_name_in_the_common_name_alone() => Refuses(_root.IssueCommonNameOnly("a.test").WritePair(_folder, "a"), "a.pem", "no subject alternative name");

    [Theory]
    [InlineData("b.test")]
    [InlineData("a.test.example")]
    [InlineData("x.y.wild.test")]
    [InlineData("wild.test")]
    [InlineData("*.a.test")]
    public void A_name_it_does_not_cover(string wanted) => Refuses(
        _root.Issue("a.test", "*.wild.test").WritePair(_folder, "a") with { Names = [wanted] },
        "a.pem",
        $"It does not cover {wanted} (but a.test, *.wild.test)",
        "have it issued for that name");

    [Theory]
    [InlineData("A.Test")]
    [InlineData("x.wild.test")]
    [InlineData("*.wild.test")]
    [InlineData("192.0.2.1")]
    public void But_not_a_name_it_covers(string wanted) =>
        Assert.Equal(4, CertificateLoader.Load(_root.Issue("a.test", "*.wild.test", "*.0.2.1", "192.0.2.1").WritePair(_folder, "a") with { Names = [wanted] }, DateTimeOffset.UtcNow).Names.Count);

    [Fact]
    public void A_wildcard_does_not_cover_an_address() => Refuses(_root.Issue("*.0.2.1").WritePair(_folder, "a") with { Names = ["192.0.2.1"] }, "It does not cover 192.0.2.1");

    [Fact]
    public void A_certificate_for_clients() =>
        Refuses(_root.IssueClient("someone").WritePair(_folder, "a"), "a.pem", "does not allow servers", "serverAuth");

    [Fact]
    public void A_key_that_is_too_small() =>
        Refuses(_root.Issue(new TestCertificateOrder { Names = ["a.test"], Key = TestKey.Rsa1024 }).WritePair(_folder, "a"), "a.pem", "RSA key has 1024 bits");

    [Fact]
    public void A_chain_of_another_authority()
    {
        using var other = new TestCertificates("Other Root");
        using TestCertificates otherIntermediate = other.Intermediate("Other Intermediate");
        TestCertificate issued = _intermediate.Issue("a.test");

        Refuses(
            new() { Chain = _folder.Write("a.pem", issued.LeafPem + otherIntermediate.CertificatePem), Key = _folder.Write("a.key", issued.KeyPem) },
            "a.pem",
            "None of the 1 further certificates is its issuer (Test Intermediate)",
            "use the chain that came with it");
    }

    [Fact]
    public void A_chain_of_an_authority_that_only_has_the_same_name()
    {
        using TestCertificates namesake = _root.Intermediate();
        TestCertificate issued = _intermediate.Issue("a.test");

        Refuses(
            new() { Chain = _folder.Write("a.pem", issued.LeafPem + namesake.CertificatePem), Key = _folder.Write("a.key", issued.KeyPem) },
            "a.pem",
            "use the chain that came with");
    }

    [Fact]
    public void All_that_is_wrong_with_a_certificate_is_said_at_once() =>
        Refuses(_root.IssueExpired("a.test").WritePair(_folder, "a") with { Names = ["b.test"] }, "It expired on ", "It does not cover b.test");

    [Fact]
    public void A_pfx_with_a_wrong_password() => Refuses(_root.Issue("a.test").WritePfx(_folder, "a.pfx", "right", setting: "wrong"), "a.pfx", "cannot be opened", "its password is right");

    [Fact]
    public void A_pfx_without_its_password() => Refuses(_root.Issue("a.test").WritePfx(_folder, "a.pfx", "right", setting: null), "a.pfx", "cannot be opened");

    [Fact]
    public void A_pfx_that_is_none() => Refuses(new() { Pfx = _folder.Write("a.pfx", "not PKCS#12") }, "a.pfx", "cannot be opened");

    [Fact]
    public void A_pfx_caught_half_written()
    {
        string path = _folder.Write("a.pfx", "");
        File.WriteAllBytes(path, _root.Issue("a.test").Pfx("secret")[..300]);

        Refuses(new() { Pfx = path, Password = "secret" }, "a.pfx", "cannot be opened");
    }

    [Fact]
    public void A_pfx_without_a_key()
    {
        string path = _folder.Write("a.pfx", "");
        using X509Certificate2 alone = X509CertificateLoader.LoadCertificate(_root.Issue("a.test").WithKey.RawData);
        File.WriteAllBytes(path, new X509Certificate2Collection { alone }.Export(X509ContentType.Pkcs12, "secret")!);

        Refuses(new() { Pfx = path, Password = "secret" }, "a.pfx", "holds no private key");
    }

    private static void Refuses(CertificateFileSettings files, params string[] saying)
    {
        CertificateException refusal = Assert.Throws<CertificateException>(() => CertificateLoader.Load(files, DateTimeOffset.UtcNow));
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.All(saying, words => Assert.Contains(words, refusal.Message, StringComparison.Ordinal));
    }
}
