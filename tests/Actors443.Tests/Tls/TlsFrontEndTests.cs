using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Testing;
using Actors443.Tls;

namespace Actors443.Tests.Tls;

public sealed class TlsFrontEndTests : IDisposable
{
    private readonly TestCertificates _root = new();
    private readonly TestCertificates _clients = new("Clients");
    private readonly TemporaryFolder _folder = new();
    private readonly PublishedCertificates _published = new();

    public TlsFrontEndTests() => Publish(_root.Issue("first.test"), _root.Issue("exact.test"), _root.Issue("*.wild.test"), _root.IssueRsa("exact.test"));

    public void Dispose()
    {
        _root.Dispose();
        _clients.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("exact.test", "exact.test")]
    [InlineData("a.wild.test", "*.wild.test")]
    [InlineData("a.b.wild.test", "first.test")]
    [InlineData("other.test", "first.test")]
    [InlineData(null, "first.test")]
    public void The_name_selects_the_certificate(string? asked, string shown)
    {
        TlsDecision decision = new TlsFrontEnd(new HttpsSettings(), _published).Decide(Hello(asked));

        Assert.Equal(CloseReason.None, decision.Refusal);
        Assert.Equal(shown, NameOf(decision));
    }

    [Theory]
    [InlineData("a.wild.test", CloseReason.None)]
    [InlineData("other.test", CloseReason.UnknownServerName)]
    [InlineData(null, CloseReason.UnknownServerName)]
    public void Strict_sni_refuses_what_no_certificate_covers(string? asked, object expected)
    {
        TlsDecision decision = new TlsFrontEnd(new HttpsSettings { StrictSni = true }, _published).Decide(Hello(asked));

        Assert.Equal((CloseReason)expected, decision.Refusal);
        if (decision.Refusal != CloseReason.None)
            Assert.Equal(TlsAlert.UnrecognizedName, decision.Alert);
    }

    [Theory]
    [InlineData(CertificateKeyKinds.Rsa, "RSA")]
    [InlineData(CertificateKeyKinds.Any, "ECDSA")]
    public void The_key_is_one_that_the_client_can_check(object usable, string key)
    {
        ClientHello hello = new() { ServerName = "exact.test", OffersTls13 = true, SignatureKeyKinds = (CertificateKeyKinds)usable };

        TlsDecision decision = new TlsFrontEnd(new HttpsSettings(), _published).Decide(hello);

        Assert.Equal(key == "RSA", decision.Options!.ForSslStream.ServerCertificateContext!.TargetCertificate.GetRSAPublicKey() is not null);
    }

    [Fact]
    public void A_tls_1_2_client_is_not_driven_into_a_suite_without_aead()
    {
        ClientHello rsaOnly = new() { ServerName = "a.wild.test", OffersTls12 = true, SignatureKeyKinds = CertificateKeyKinds.Any, Tls12AeadKeyKinds = CertificateKeyKinds.Rsa };

        TlsDecision decision = new TlsFrontEnd(new HttpsSettings(), _published).Decide(rsaOnly);

        Assert.Equal((CloseReason.NoSharedCipher, TlsAlert.HandshakeFailure), (decision.Refusal, decision.Alert));
    }

    [Theory]
    [InlineData(TlsPolicyName.Intermediate, true, false, CloseReason.None)]
    [InlineData(TlsPolicyName.Modern, true, false, CloseReason.NoSharedProtocol)]
    [InlineData(TlsPolicyName.Modern, true, true, CloseReason.None)]
    [InlineData(TlsPolicyName.Intermediate, false, false, CloseReason.NoSharedProtocol)]
    public void Versions_are_those_of_the_policy(TlsPolicyName policy, bool tls12, bool tls13, object expected)
    {
        ClientHello hello = new() { OffersTls12 = tls12, OffersTls13 = tls13, SignatureKeyKinds = CertificateKeyKinds.Any, Tls12AeadKeyKinds = CertificateKeyKinds.Any };

        Assert.Equal((CloseReason)expected, new TlsFrontEnd(new HttpsSettings { Tls = policy }, _published).Decide(hello).Refusal);
    }

    [Theory]
    [InlineData(SslProtocols.Tls13, TlsCipherSuite.TLS_AES_128_GCM_SHA256, true)]
    [InlineData(SslProtocols.Tls12, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, true)]
    [InlineData(SslProtocols.Tls12, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, false)]
    [InlineData(SslProtocols.Tls12, TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256, false)]
    public void A_finished_handshake_is_checked_again(SslProtocols protocol, TlsCipherSuite suite, bool accepted)
    {
        Assert.Equal(accepted, new TlsPolicy(TlsPolicyName.Intermediate).Accepts(protocol, suite));
        Assert.Equal(accepted && protocol == SslProtocols.Tls13, new TlsPolicy(TlsPolicyName.Modern).Accepts(protocol, suite));
    }

    [Fact]
    public void Application_protocols_without_one_in_common_are_refused()
    {
        var frontEnd = new TlsFrontEnd(new HttpsSettings { Protocols = ["http/1.1"] }, _published);

        Assert.Equal((CloseReason.NoApplicationProtocol, TlsAlert.NoApplicationProtocol), (frontEnd.Decide(Hello("exact.test", "h2")).Refusal, frontEnd.Decide(Hello("exact.test", "h2")).Alert));
        Assert.Equal(CloseReason.None, frontEnd.Decide(Hello("exact.test", "h2", "http/1.1")).Refusal);
        Assert.Equal(CloseReason.None, frontEnd.Decide(Hello("exact.test")).Refusal);
    }

    [Fact]
    public void Options_are_made_once_for_a_certificate_or_resumption_would_be_lost()
    {
        var frontEnd = new TlsFrontEnd(new HttpsSettings(), _published);
        HandshakeOptions first = frontEnd.Decide(Hello("a.wild.test")).Options!;

        Assert.Same(first, frontEnd.Decide(Hello("b.wild.test")).Options);
        Assert.NotSame(first, frontEnd.Decide(Hello("exact.test")).Options);
        // Setting it would switch off the shared context.
        Assert.Null(first.ForSslStream.CipherSuitesPolicy);
        Assert.True(first.ForSslStream.AllowTlsResume);
        Assert.False(first.ForSslStream.AllowRenegotiation);
    }

    [Theory]
    [InlineData("exact.test", true)]
    [InlineData("a.wild.test", true)]
    [InlineData("a.b.wild.test", false)]
    [InlineData("first.test", false)]
    public void Client_certificates_are_asked_for_by_name(string name, bool asked)
    {
        var rule = new ClientCertificateSettings(ClientCertificateMode.Required, _folder.Write("ca.pem", _clients.CertificatePem));
        var settings = new HttpsSettings { ClientCertificatesByName = new Dictionary<string, ClientCertificateSettings>(StringComparer.OrdinalIgnoreCase) { ["exact.test"] = rule, ["*.wild.test"] = rule } };

        Assert.Equal(asked, new TlsFrontEnd(settings, _published).Decide(Hello(name)).Options!.ForSslStream.ClientCertificateRequired);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("no PEM at all")]
    public void New_settings_with_a_bad_ca_leave_the_former_ones(string? content)
    {
        var frontEnd = new TlsFrontEnd(new HttpsSettings { StrictSni = true }, _published);
        string file = content is null ? Path.Combine(_folder.Path, "missing.pem") : _folder.Write("bad.pem", content);

        ClientCaException problem = Assert.Throws<ClientCaException>(() => frontEnd.Apply(new HttpsSettings { ClientCertificates = new ClientCertificateSettings(ClientCertificateMode.Required, file) }, new TicketKeySettings()));

        Assert.Contains(file, problem.Message, StringComparison.Ordinal);
        Assert.Equal(CloseReason.UnknownServerName, frontEnd.Decide(Hello("other.test")).Refusal);
    }

    [Theory]
    [InlineData("ours", true)]
    [InlineData("by an intermediate", true)]
    [InlineData("theirs", false)]
    [InlineData("expired", false)]
    [InlineData("for servers", false)]
    [InlineData("none", false)]
    public void A_client_certificate_is_ours_or_refused(string kind, bool accepted)
    {
        using TestCertificates intermediate = _clients.Intermediate();
        ClientCertificateVerifier verifier = ClientCertificateVerifier.Load(new ClientCertificateSettings(ClientCertificateMode.Required, _folder.Write("ca.pem", _clients.CertificatePem)));
        TestCertificate? shown = kind switch
        {
            "ours" => _clients.IssueClient("alice"),
            "by an intermediate" => intermediate.IssueClient("alice"),
            "theirs" => _root.IssueClient("alice"),
            "expired" => _clients.IssueExpired("alice"),
            "for servers" => _clients.Issue("server.test"),
            _ => null,
        };
        using var presented = new X509Chain();
        presented.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (shown is not null)
        {
            presented.ChainPolicy.ExtraStore.AddRange(shown.Issuers.ToArray());
            presented.Build(shown.WithKey);
        }

        Assert.Equal(accepted, verifier.Verify(this, shown?.WithKey, presented, SslPolicyErrors.None));
    }

    [Fact]
    public void A_forged_ca_with_the_name_and_serial_number_of_ours_lets_nobody_in()
    {
        ClientCertificateVerifier verifier = ClientCertificateVerifier.Load(new ClientCertificateSettings(ClientCertificateMode.Required, _folder.Write("ca.pem", _clients.CertificatePem)));
        X509Certificate2 ours = _clients.Certificate;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509SignatureGenerator forger = X509SignatureGenerator.CreateForECDsa(key);
        var authority = new CertificateRequest(ours.SubjectName, key, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 forged = authority.Create(ours.SubjectName, forger, ours.NotBefore, ours.NotAfter, ours.SerialNumberBytes.Span);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = new CertificateRequest("CN=mallory", leafKey, HashAlgorithmName.SHA256);
        client.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ExtendedKeyUsages.ClientAuthentication)], false));
        using X509Certificate2 leaf = client.Create(ours.SubjectName, forger, ours.NotBefore, ours.NotAfter, [1, 2, 3]);
        using var presented = new X509Chain();
        presented.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        presented.ChainPolicy.ExtraStore.Add(forged);
        presented.Build(leaf);

        // The framework takes them for equal.
        Assert.Equal(ours, forged);
        Assert.False(verifier.Verify(this, leaf, presented, SslPolicyErrors.None));
    }

    private void Publish(params TestCertificate[] certificates)
    {
        ServerCertificate[] served = [.. certificates.Select((certificate, i) => CertificateLoader.Load(certificate.WritePair(_folder, "c" + i), _root.Now))];
        _published.Publish(new CertificateIndex(1, served, null, _root.Now));
    }

    private static ClientHello Hello(string? name, params string[] protocols) => new()
    {
        ServerName = name,
        OffersTls12 = true,
        OffersTls13 = true,
        SignatureKeyKinds = CertificateKeyKinds.Any,
        Tls12AeadKeyKinds = CertificateKeyKinds.Any,
        ApplicationProtocols = protocols.Length == 0 ? null : protocols,
    };

    private static string NameOf(TlsDecision decision) => decision.Options!.ForSslStream.ServerCertificateContext!.TargetCertificate.GetNameInfo(X509NameType.DnsName, forIssuer: false);
}
