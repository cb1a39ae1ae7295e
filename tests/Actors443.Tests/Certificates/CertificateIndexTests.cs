using Actors443.Certificates;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

public sealed class CertificateIndexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();

    private DateTimeOffset Now => _root.Now;

    public void Dispose()
    {
        _root.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("a.test", "exact")]
    [InlineData("A.TEST", "exact")]
    [InlineData("www.a.test", "wildcard")]
    [InlineData("WWW.a.TEST", "wildcard")]
    [InlineData("api.a.test", "exact below the wildcard")]
    [InlineData("x.www.a.test", null)]
    [InlineData(".a.test", null)]
    [InlineData("*.b.test", null)]
    [InlineData("test", null)]
    [InlineData("b.test", null)]
    [InlineData("192.0.2.1", "address")]
    [InlineData("192.0.2.2", null)]
    [InlineData("2001:db8::1", "address")]
    [InlineData("", null)]
    public void A_name_finds_the_exact_certificate_before_the_wildcard_and_a_wildcard_stands_for_one_label(string name, string? found)
    {
        var certificates = new Dictionary<string, ServerCertificate>
        {
            ["wildcard"] = Load(_root.Issue("*.a.test")),
            ["exact"] = Load(_root.Issue("a.test")),
            ["exact below the wildcard"] = Load(_root.Issue("api.a.test")),
            ["address"] = Load(_root.Issue("192.0.2.1", "2001:db8::1", "*.0.2.2", "*.0.2")),
        };
        CertificateIndex index = Index([.. certificates.Values]);

        Assert.Same(found is null ? null : certificates[found], index.Find(name, CertificateKeyKinds.Any));
        Assert.Equal(found is not null, index.Covers(name));
    }

    [Theory]
    [InlineData(CertificateKeyKinds.Any, CertificateKeyKinds.Ecdsa)]
    [InlineData(CertificateKeyKinds.Ecdsa, CertificateKeyKinds.Ecdsa)]
    [InlineData(CertificateKeyKinds.Rsa, CertificateKeyKinds.Rsa)]
    [InlineData(CertificateKeyKinds.None, CertificateKeyKinds.Ecdsa)]
    internal void Of_ecdsa_and_rsa_for_one_name_the_client_gets_what_it_can_use_ecdsa_first(CertificateKeyKinds usable, CertificateKeyKinds shown)
    {
        CertificateIndex index = Index(Load(_root.IssueRsa("a.test", "*.b.test")), Load(_root.Issue("a.test", "*.b.test")));

        Assert.Equal(shown, index.Find("a.test", usable)!.KeyKind);
        Assert.Equal(shown, index.Find("x.b.test", usable)!.KeyKind);
        Assert.Equal(shown, index.Default(usable)!.KeyKind);
    }

    [Theory]
    [InlineData(CertificateKeyKinds.Any)]
    [InlineData(CertificateKeyKinds.Ecdsa)]
    [InlineData(CertificateKeyKinds.None)]
    internal void The_only_certificate_of_a_name_is_shown_to_all(CertificateKeyKinds usable)
    {
        ServerCertificate only = Load(_root.IssueRsa("a.test"));

        Assert.Same(only, Index(only).Find("a.test", usable));
        Assert.Same(only, Index(only).Default(usable));
    }

    [Fact]
    public void A_wildcard_helps_out_where_the_exact_certificates_key_is_of_no_use()
    {
        ServerCertificate exact = Load(_root.Issue("a.b.test"));
        ServerCertificate wildcard = Load(_root.IssueRsa("*.b.test"));
        CertificateIndex index = Index(wildcard, exact);

        Assert.Same(exact, index.Find("a.b.test", CertificateKeyKinds.Any));
        Assert.Same(wildcard, index.Find("a.b.test", CertificateKeyKinds.Rsa));
        Assert.Same(exact, index.Find("a.b.test", CertificateKeyKinds.None));
    }

    [Fact]
    public void An_exact_rsa_certificate_comes_before_an_ecdsa_wildcard()
    {
        ServerCertificate exact = Load(_root.IssueRsa("a.b.test"));

        Assert.Same(exact, Index(Load(_root.Issue("*.b.test")), exact).Find("a.b.test", CertificateKeyKinds.Any));
    }

    [Fact]
    public void Of_two_of_a_kind_for_one_name_the_first_is_shown()
    {
        ServerCertificate first = Load(_root.Issue("a.test"));
        ServerCertificate second = Load(_root.Issue("a.test", "b.test"));
        CertificateIndex index = Index(first, second);

        Assert.Same(first, index.Find("a.test", CertificateKeyKinds.Any));
        Assert.Same(second, index.Find("b.test", CertificateKeyKinds.Any));
    }

    [Fact]
    public void The_default_is_the_first_certificate_whatever_its_key()
    {
        ServerCertificate first = Load(_root.IssueRsa("a.test"));
        ServerCertificate second = Load(_root.Issue("b.test"));

        Assert.Same(first, Index(first, second).Default(CertificateKeyKinds.Any));
        Assert.Same(second, Index(second, first).Default(CertificateKeyKinds.Any));
        Assert.Null(Index(first, second).Find("c.test", CertificateKeyKinds.Any));
    }

    [Theory]
    [InlineData("b.test")]
    [InlineData("x.c.test")]
    public void The_default_is_that_of_the_name_in_the_settings(string name)
    {
        ServerCertificate wanted = Load(_root.Issue("b.test", "*.c.test"));
        ServerCertificate first = Load(_root.Issue("a.test"));

        Assert.Same(wanted, new CertificateIndex(1, [first, wanted], name, Now).Default(CertificateKeyKinds.Any));
        Assert.Same(first, new CertificateIndex(1, [first, wanted], "unknown.test", Now).Default(CertificateKeyKinds.Any));
    }

    [Fact]
    public void An_expired_certificate_is_shown_only_for_want_of_another()
    {
        ServerCertificate expired = Load(_root.Issue(new TestCertificateOrder { Names = ["a.test", "b.test"], NotAfter = Now.AddDays(1) }));
        ServerCertificate valid = Load(_root.IssueRsa("a.test"));
        DateTimeOffset later = Now.AddDays(2);

        var before = new CertificateIndex(1, [expired, valid], null, Now);
        var after = new CertificateIndex(2, [expired, valid], null, later);
        var superseded = new CertificateIndex(3, [expired, valid, Load(_root.Issue("b.test"))], null, later);

        Assert.Same(expired, before.Find("a.test", CertificateKeyKinds.Any));
        Assert.Equal(0, before.Expired);
        Assert.Same(valid, after.Find("a.test", CertificateKeyKinds.Any));
        Assert.Same(valid, after.Default(CertificateKeyKinds.Any));
        Assert.Same(expired, after.Find("b.test", CertificateKeyKinds.Any));
        Assert.Equal(1, after.Expired);
        Assert.True(after.Shows(expired));
        Assert.False(superseded.Shows(expired));
    }

    [Fact]
    public void An_empty_index_has_nothing()
    {
        Assert.Null(CertificateIndex.Empty.Find("a.test", CertificateKeyKinds.Any));
        Assert.Null(CertificateIndex.Empty.Default(CertificateKeyKinds.Any));
        Assert.Equal(0, CertificateIndex.Empty.Generation);
    }

    private CertificateIndex Index(params ServerCertificate[] certificates) => new(1, certificates, null, Now);

    private ServerCertificate Load(TestCertificate issued) => CertificateLoader.Load(issued.WriteSingle(_folder, "one.pem"), Now);
}
