using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Actors443.Acme.Challenges;
using Actors443.Acme.Dns;
using Actors443.Acme.Protocol;
using Actors443.Certificates;
using Actors443.Testing;

namespace Actors443.Tests.Acme;

public sealed class AcmePartsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("120", 120)]
    [InlineData(" 0 ", 0)]
    [InlineData("Wed, 25 Nov 2026 12:02:00 GMT", 120)]
    [InlineData("Wed, 25 Nov 2026 11:00:00 GMT", 0)]
    [InlineData("Wednesday, 25-Nov-26 12:02:00 GMT", 120)]
    [InlineData("Wed Nov 25 12:02:00 2026", 120)]
    [InlineData("99999999999999999999999", 365 * 86400)]
    [InlineData("Wed, 25 Nov 9026 12:02:00 GMT", null)]
    [InlineData("Fri, 25 Nov 2095 12:02:00 GMT", 365 * 86400)]
    [InlineData("-5", null)]
    [InlineData("1.5", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Retry_After_is_seconds_or_a_date(string? header, int? seconds) =>
        Assert.Equal(seconds is { } wanted ? TimeSpan.FromSeconds(wanted) : null, RetryAfter.Parse(header, Now));

    [Fact]
    public void Links_are_found_by_their_relation()
    {
        var page = new Uri("https://ca.test/cert/1");
        string[] headers = ["<https://ca.test/dir>;rel=\"index\", </cert/1/alt?a,b>; title=\"a, b\"; rel=\"up alternate\"", "<https://ca.test/cert/1/2>;rel=Alternate", "<unfinished"];

        Assert.Equal(["https://ca.test/cert/1/alt?a,b", "https://ca.test/cert/1/2"], LinkHeader.Targets(headers, "alternate", page).Select(url => url.ToString()));
        Assert.Equal(["https://ca.test/dir"], LinkHeader.Targets(headers, "index", page).Select(url => url.ToString()));
    }

    [Theory]
    [InlineData("Example.COM.", "dns", "example.com")]
    [InlineData("*.example.com", "dns", "*.example.com")]
    [InlineData("m\u00fcnchen.de", "dns", "xn--mnchen-3ya.de")]
    [InlineData("192.0.2.1", "ip", "192.0.2.1")]
    [InlineData("2001:DB8:0::1", "ip", "2001:db8::1")]
    public void Names_are_written_as_CAs_have_them(string name, string type, string value) => Assert.Equal(new AcmeIdentifier(type, value), AcmeIdentifier.Parse(name));

    [Theory]
    [InlineData("localhost")]
    [InlineData("")]
    [InlineData("*.")]
    [InlineData("*")]
    [InlineData("a..b")]
    [InlineData("under_score.com")]
    [InlineData("*.*.example.com")]
    [InlineData("127.1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("https://example.com")]
    public void Names_that_no_CA_certifies_are_refused(string name) => Assert.Equal(AcmeFailure.Settings, Assert.Throws<AcmeException>(() => AcmeIdentifier.Parse(name)).Failure);

    /// <summary>RFC 9773 A: a key identifier and a serial whose first bit is set.</summary>
    [Fact]
    public void A_certificate_id_is_that_of_RFC_9773()
    {
        using X509Certificate2 certificate = X509Certificate2.CreateFromPem("""
            -----BEGIN CERTIFICATE-----
            MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
            cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
            BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
            7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
            qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
            yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
            +FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
            -----END CERTIFICATE-----
            """);

        Assert.Equal("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", CertificateId.Of(certificate));
    }

    [Theory]
    [InlineData("EcdsaP256", 256)]
    [InlineData("EcdsaP384", 384)]
    [InlineData("Rsa2048", 2048)]
    [InlineData("Rsa3072", 3072)]
    [InlineData("Rsa4096", 4096)]
    public void A_signing_request_has_all_names_and_its_key(string type, int bits)
    {
        string longName = string.Join('.', Enumerable.Repeat("label", 12)) + ".example.com";
        using CertificateKey key = CertificateKey.Create(Enum.Parse<CertificateKeyType>(type));
        using CertificateKey read = CertificateKey.FromPem(key.ToPem(), "site.key");

        byte[] der = read.SigningRequest([AcmeIdentifier.Parse("192.0.2.1"), AcmeIdentifier.Parse(longName), AcmeIdentifier.Parse("m\u00fcnchen.de"), AcmeIdentifier.Parse("2001:db8::1")]);

        CertificateRequest request = CertificateRequest.LoadSigningRequest(der, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
        var names = new X509SubjectAlternativeNameExtension(request.CertificateExtensions.Single().RawData);
        Assert.Equal([longName, "xn--mnchen-3ya.de"], names.EnumerateDnsNames());
        Assert.Equal([IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")], names.EnumerateIPAddresses());
        Assert.Equal("CN=xn--mnchen-3ya.de", request.SubjectName.Name);
        Assert.Equal(key.PublicKey, request.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.Equal(bits, (request.PublicKey.GetRSAPublicKey() as AsymmetricAlgorithm ?? request.PublicKey.GetECDsaPublicKey())!.KeySize);
    }

    [Fact]
    public void A_name_that_is_too_long_for_a_common_name_is_none()
    {
        using CertificateKey key = CertificateKey.Create(CertificateKeyType.EcdsaP256);
        byte[] der = key.SigningRequest([AcmeIdentifier.Parse(new string('a', 60) + ".example.com")]);

        Assert.Equal("", CertificateRequest.LoadSigningRequest(der, HashAlgorithmName.SHA256).SubjectName.Name);
    }

    [Fact]
    public void Challenges_are_answered_as_the_RFC_says()
    {
        using AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);
        string authorization = KeyAuthorization.Of("DGyRejmCefe7v4NfDGDKfA", key);

        Assert.Equal("DGyRejmCefe7v4NfDGDKfA." + key.Thumbprint, authorization);
        // RFC 6234 TEST1, by another hand.
        Assert.Equal("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0", KeyAuthorization.TxtValue("abc"));
        Assert.Equal("1.2.0.192.in-addr.arpa", KeyAuthorization.ServerName(AcmeIdentifier.Parse("192.0.2.1")));
        // RFC 8738 6.
        Assert.Equal("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", KeyAuthorization.ServerName(AcmeIdentifier.Parse("2001:db8::1")));
        Assert.Equal("example.com", KeyAuthorization.ServerName(AcmeIdentifier.Parse("example.com")));
        foreach (string token in (string[])["", "../x", "a b", "a/b", new string('a', 300)])
            Assert.Equal(AcmeFailure.BadAnswer, Assert.Throws<AcmeException>(() => KeyAuthorization.Of(token, key)).Failure);
    }

    [Theory]
    [InlineData("http-01", "example.com", true)]
    [InlineData("http-01", "*.example.com", false)]
    [InlineData("http-01", "192.0.2.1", true)]
    [InlineData("tls-alpn-01", "*.example.com", false)]
    [InlineData("tls-alpn-01", "192.0.2.1", true)]
    [InlineData("dns-01", "*.example.com", true)]
    [InlineData("dns-01", "192.0.2.1", false)]
    [InlineData("dns-account-01", "example.com", false)]
    public void A_type_fits_some_names(string type, string name, bool fits) => Assert.Equal(fits, AcmeChallengeType.Fits(type, AcmeIdentifier.Parse(name)));

    [Fact]
    public void A_problem_is_told_with_its_subproblems()
    {
        // RFC 8555 6.7.1.
        const string text = """
            {"type":"urn:ietf:params:acme:error:malformed","detail":"Some of the identifiers requested were rejected","status":403,"subproblems":[
              {"type":"urn:ietf:params:acme:error:malformed","detail":"Invalid underscore in DNS name \"_example.org\"","identifier":{"type":"dns","value":"_example.org"}},
              {"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"This CA will not issue for \"example.net\"","identifier":{"type":"dns","value":"example.net"}}]}
            """;
        using var document = JsonDocument.Parse(text);
        AcmeProblem problem = AcmeProblem.Read(document.RootElement)!;

        Assert.Equal(text.Trim(), problem.Document);
        Assert.True(problem.Is("malformed"));
        Assert.False(problem.Is("malformedX"));
        Assert.Equal(["_example.org", "example.net"], problem.Subproblems.Select(one => one.Identifier));
        Assert.Equal(
            "malformed: Some of the identifiers requested were rejected [_example.org: malformed: Invalid underscore in DNS name \"_example.org\"; example.net: rejectedIdentifier: This CA will not issue for \"example.net\"]",
            problem.ToString());
    }

    [Fact]
    public void What_is_not_the_certificate_ordered_is_not_taken()
    {
        using var authority = new TestCertificates();
        using TestCertificates intermediate = authority.Intermediate();
        using TestCertificates stranger = authority.Intermediate("Another Intermediate");
        TestCertificate good = intermediate.Issue("a.test", "192.0.2.1");
        using CertificateKey key = CertificateKey.FromPem(good.KeyPem, "a.key");
        using CertificateKey other = CertificateKey.Create(CertificateKeyType.EcdsaP256);
        AcmeIdentifier[] names = [AcmeIdentifier.Parse("a.test"), AcmeIdentifier.Parse("192.0.2.1")];
        var url = new Uri("https://ca.test/cert/1");

        CertificateChain.FromPem(good.ChainPem, url).Verify(key, names, DateTimeOffset.UtcNow);

        Refused("Its key is not", () => CertificateChain.FromPem(good.ChainPem, url).Verify(other, names, DateTimeOffset.UtcNow));
        Refused("does not cover b.test", () => CertificateChain.FromPem(good.ChainPem, url).Verify(key, [.. names, AcmeIdentifier.Parse("b.test")], DateTimeOffset.UtcNow));
        Refused("expired", () => CertificateChain.FromPem(good.ChainPem, url).Verify(key, names, DateTimeOffset.UtcNow.AddDays(100)));
        Refused("", () => CertificateChain.FromPem(good.LeafPem + stranger.CertificatePem, url).Verify(key, names, DateTimeOffset.UtcNow));
        Assert.Throws<CryptographicException>(() => CertificateChain.FromPem(good.KeyPem + good.ChainPem, url));
        Assert.Throws<CryptographicException>(() => CertificateChain.FromPem("<html>", url));
        Assert.Throws<CryptographicException>(() => CertificateChain.FromPem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", url));

        static void Refused(string why, Action verify)
        {
            AcmeException refused = Assert.Throws<AcmeException>(verify);
            Assert.Equal(AcmeFailure.WrongCertificate, refused.Failure);
            Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_moment_of_renewal_is_anywhere_in_the_window()
    {
        var info = new RenewalInfo(Now, Now.AddDays(2), null, null);
        DateTimeOffset[] moments = [.. Enumerable.Range(0, 200).Select(seed => info.MomentIn(new Random(seed)))];

        Assert.All(moments, moment => Assert.InRange(moment, info.Start, info.End));
        Assert.Contains(moments, moment => moment < Now.AddHours(12));
        Assert.Contains(moments, moment => moment > Now.AddHours(36));
    }

    [Fact]
    public void The_certificate_of_a_challenge_is_for_one_name_and_says_what_it_is()
    {
        using X509Certificate2 certificate = TlsAlpnCertificate.Make(AcmeIdentifier.Parse("a.example.com"), "abc", Now);

        Assert.Equal(["a.example.com"], CertificateValidation.NamesOf(certificate));
        X509Extension extension = certificate.Extensions.Single(one => one.Oid?.Value == "1.3.6.1.5.5.7.1.31");
        Assert.True(extension.Critical);
        Assert.Equal("0420BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", Convert.ToHexString(extension.RawData));
        Assert.Equal(certificate.Subject, certificate.Issuer);
        Assert.True(certificate.HasPrivateKey);
        Assert.InRange(Now, certificate.NotBefore, certificate.NotAfter);
    }

    [Fact]
    public void A_record_is_where_the_name_delegates_it_to()
    {
        var delegations = new Dictionary<string, string> { ["example.com"] = "example-com.acme.example.net." };

        Assert.Equal("example-com.acme.example.net", DnsChallengeRecord.For(AcmeIdentifier.Parse("*.example.com"), "abc", delegations).Name);
        Assert.Equal(
            new DnsChallengeRecord("www.example.com", "_acme-challenge.www.example.com", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"),
            DnsChallengeRecord.For(AcmeIdentifier.Parse("www.example.com"), "abc", delegations));
    }
}
