using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

public sealed class CertificateLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();
    private readonly TestCertificates _intermediate;

    public CertificateLoaderTests() => _intermediate = _root.Intermediate();

    public static TheoryData<TestKey, string> Kinds => new()
    {
        { TestKey.EcdsaP256, "ECDSA P-256" },
        { TestKey.EcdsaP384, "ECDSA P-384" },
        { TestKey.EcdsaP521, "ECDSA P-521" },
        { TestKey.Rsa2048, "RSA 2048" },
    };

    public void Dispose()
    {
        _intermediate.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_form_of_key_is_read(TestKey key, string described)
    {
        TestCertificate issued = _intermediate.Issue(new TestCertificateOrder { Names = ["a.test", "192.0.2.1"], Key = key });
        CertificateFileSettings[] forms =
        [
            issued.WritePair(_folder, "pkcs8"),
            new() { Chain = _folder.Write("traditional.pem", issued.ChainPem), Key = _folder.Write("traditional.key", issued.TraditionalKeyPem) },
            issued.WriteEncryptedPair(_folder, "encrypted", "secret", "secret"),
            issued.WriteSingle(_folder, "single.pem"),
            issued.WritePfx(_folder, "open.pfx", password: null, setting: null),
            issued.WritePfx(_folder, "locked.pfx", "secret", "secret"),
        ];

        foreach (CertificateFileSettings form in forms)
        {
            ServerCertificate loaded = Load(form);

            Assert.Equal(issued.Thumbprint, loaded.Thumbprint);
            Assert.True(loaded.Context.TargetCertificate.HasPrivateKey);
            Assert.Equal(["a.test", "192.0.2.1"], loaded.Names);
            Assert.Equal(key == TestKey.Rsa2048 ? CertificateKeyKinds.Rsa : CertificateKeyKinds.Ecdsa, loaded.KeyKind);
            Assert.Equal(_intermediate.Certificate.Thumbprint, Assert.Single(loaded.Issuers).Thumbprint);
            Assert.Equal(described, CertificateInfo.Of(loaded).Key);
        }
    }

    [Theory]
    [InlineData("text before {0} and after")]
    [InlineData("\uFEFF{0}")]
    [InlineData("\r\n{0}\r\n")]
    [InlineData("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{0}")]
    public void What_tools_and_editors_add_to_pem_is_borne(string around)
    {
        TestCertificate issued = _intermediate.Issue("a.test");
        string Around(string pem) => around.Replace("{0}", $"\n{pem}", StringComparison.Ordinal).Replace("\uFEFF\n", "\uFEFF", StringComparison.Ordinal);

        CertificateFileSettings written = new() { Chain = _folder.Write("a.pem", Around(issued.ChainPem)), Key = _folder.Write("a.key", Around(issued.TraditionalKeyPem)) };

        Assert.Equal(issued.Thumbprint, Load(written).Thumbprint);
    }

    [Fact]
    public void The_certificates_may_be_in_any_order()
    {
        TestCertificate issued = _intermediate.Issue("a.test");

        ServerCertificate loaded = Load(new() { Chain = _folder.Write("a.pem", _intermediate.CertificatePem + issued.LeafPem), Key = _folder.Write("a.key", issued.KeyPem) });

        Assert.Equal(issued.Thumbprint, loaded.Thumbprint);
        Assert.Single(loaded.Issuers);
    }

    [Fact]
    public void It_ends_with_the_first_of_its_chain_to_end()
    {
        using TestCertificates ending = _root.Intermediate("Ending", notAfter: _root.Now.AddDays(5));

        ServerCertificate loaded = Load(ending.Issue("a.test").WritePair(_folder, "a"));

        Assert.Equal(ending.Certificate.NotAfter, loaded.NotAfter);
        Assert.Equal(loaded.NotAfter, CertificateInfo.Of(loaded).NotAfter);
    }

    private static ServerCertificate Load(CertificateFileSettings files) => CertificateLoader.Load(files, DateTimeOffset.UtcNow);
}
