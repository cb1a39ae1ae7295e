using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.Challenges;
using Actors443.Acme.Protocol;
using Actors443.Certificates;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Acme;

/// <summary>acme-tls/1 on the https port (RFC 8737): a challenge certificate, or an alert, and never a way to the site.</summary>
public sealed class TlsAlpnChallengeTests
{
    [Theory]
    [InlineData("event-loop", SslProtocols.Tls12)]
    [InlineData("event-loop", SslProtocols.Tls13)]
    [InlineData("portable", SslProtocols.Tls12)]
    [InlineData("portable", SslProtocols.Tls13)]
    public async Task The_handshake_is_all_there_is(string engine, SslProtocols version)
    {
        await using RunningServer server = await RunningServer.StartAsync(null, $"engine={engine}");
        AcmeIdentifier name = AcmeIdentifier.Parse("one.site.test");
        server.Environment.Challenges.TlsAlpn.Publish(name, "token.thumbprint");

        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort, name.Value, version, Offer(AcmeChallengeType.AlpnProtocol));

        Assert.Equal(AcmeChallengeType.AlpnProtocol, client.Stream.NegotiatedApplicationProtocol.ToString());
        X509Certificate2 shown = client.ServerCertificate;
        X509Extension digest = shown.Extensions.Single(extension => extension.Oid?.Value == TlsAlpnCertificate.AcmeIdentifierOid);
        Assert.True(digest.Critical);
        Assert.Equal([4, 32, .. KeyAuthorization.Digest("token.thumbprint")], digest.RawData);
        Assert.Equal(["one.site.test"], CertificateValidation.NamesOf(shown));
        // close_notify comes by itself, and whatever is asked has no answer.
        Assert.Equal(0, await client.Stream.ReadAsync(new byte[1]));
        await Assert.ThrowsAnyAsync<IOException>(() => client.GetAsync(host: name.Value));
        Assert.Equal(1, server.Environment.Challenges.TlsAlpn.TimesGiven(name));
        await Eventually.HoldsAsync(async () => (await server.ConnectionsAsync()).Count == 0, "the connection is gone");
        Assert.Empty(await server.ObituariesAsync());
    }

    [Theory]
    [InlineData("event-loop")]
    [InlineData("portable")]
    public async Task Unless_a_challenge_is_pending_there_is_an_alert(string engine)
    {
        await using RunningServer server = await RunningServer.StartAsync(null, $"engine={engine}");
        server.Environment.Challenges.TlsAlpn.Publish(AcmeIdentifier.Parse("one.site.test"), "token.thumbprint");
        server.Environment.Challenges.TlsAlpn.Publish(AcmeIdentifier.Parse("past.site.test"), "token.thumbprint");
        server.Environment.Challenges.TlsAlpn.Withdraw(AcmeIdentifier.Parse("past.site.test"));

        foreach (string? name in (string?[])["two.site.test", "past.site.test", "localhost", null])
        {
            var hello = new RawClientHello { ServerName = name, ApplicationProtocols = [AcmeChallengeType.AlpnProtocol], SupportedVersions = [0x0304, 0x0303] };
            Assert.Equal(112, await hello.SendAsync(server.HttpsPort));
        }
    }

    [Theory]
    [InlineData("event-loop")]
    [InlineData("portable")]
    public async Task Among_other_protocols_it_means_nothing(string engine)
    {
        await using RunningServer server = await RunningServer.StartAsync(null, $"engine={engine}");
        server.Environment.Challenges.TlsAlpn.Publish(new AcmeIdentifier(AcmeIdentifier.Dns, "localhost"), "token.thumbprint");

        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort, "localhost", configure: Offer(AcmeChallengeType.AlpnProtocol, "http/1.1"));

        Assert.Equal("http/1.1", client.Stream.NegotiatedApplicationProtocol.ToString());
        Assert.DoesNotContain(client.ServerCertificate.Extensions, extension => extension.Oid?.Value == TlsAlpnCertificate.AcmeIdentifierOid);
        Assert.Equal(200, (await client.GetAsync()).Status);
    }

    [Theory]
    [InlineData("event-loop")]
    [InlineData("portable")]
    public async Task It_is_answered_for_an_address_by_its_reverse_name_and_under_the_strictest_policy(string engine)
    {
        await using RunningServer server = await RunningServer.StartAsync(null, $"engine={engine}", "https.tls=modern", "https.strict-sni=on");
        server.Environment.Challenges.TlsAlpn.Publish(AcmeIdentifier.Parse("192.0.2.7"), "token.thumbprint");

        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort, "7.2.0.192.in-addr.arpa", SslProtocols.Tls12, Offer(AcmeChallengeType.AlpnProtocol));

        Assert.Equal(["192.0.2.7"], CertificateValidation.NamesOf(client.ServerCertificate));
    }

    private static Action<SslClientAuthenticationOptions> Offer(params string[] protocols) =>
        options => options.ApplicationProtocols = [.. protocols.Select(protocol => new SslApplicationProtocol(protocol))];
}
