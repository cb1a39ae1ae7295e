using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.Challenges;
using Actors443.Acme.Dns;
using Actors443.Acme.Protocol;
using Actors443.Certificates;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.IntegrationTests.Acme;

/// <summary>Every challenge, asked by a real CA in strict mode and answered by the real listeners of each engine.</summary>
public sealed class PebbleChallengeTests
{
    [SkippableTheory]
    [InlineData("event-loop", "http-01", 30, 0)]
    [InlineData("event-loop", "tls-alpn-01", 20, 3)]
    [InlineData("portable", "http-01", 20, 3)]
    [InlineData("portable", "tls-alpn-01", 50, 0)]
    public async Task Our_own_ports_answer(string engine, string type, int noncesRefused, int validationDelay)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using RunningServer server = await RunningServer.StartAsync(null, $"engine={engine}");
        ChallengeAnswers answers = server.Environment.Challenges;
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = server.HttpPort, TlsPort = server.HttpsPort, NoncesRefused = noncesRefused, ValidationDelay = validationDelay });
        using AcmeClient client = pebble.CreateClient();
        using AcmeKey accountKey = AcmeKey.Create(AcmeKeyKind.Es256);
        AcmeAccount account = await client.CreateAccountAsync(accountKey, ["admin@site.test"], true, null, CancellationToken.None);
        string[] names = ["one.site.test", "two.site.test", "127.0.0.1"];
        int given = 0;

        (CertificateChain chain, CertificateKey key) = await new ManualOrder(client, account).IssueAsync(names, type, (authorization, token, keyAuthorization) =>
        {
            given++;
            if (type == AcmeChallengeType.Http01)
                answers.Http.Publish(authorization.Identifier, token, keyAuthorization);
            else
                answers.TlsAlpn.Publish(authorization.Identifier, keyAuthorization);
            return Task.CompletedTask;
        });

        key.Dispose();
        Assert.Equal(3, given);
        using X509Certificate2 root = await pebble.RootAsync();
        using var builder = new X509Chain();
        builder.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        builder.ChainPolicy.CustomTrustStore.Add(root);
        builder.ChainPolicy.ExtraStore.AddRange(chain.Certificates.ToArray());
        builder.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.True(builder.Build(chain.Leaf));
        if (type == AcmeChallengeType.TlsAlpn01)
            Assert.All(names, name => Assert.True(answers.TlsAlpn.TimesGiven(AcmeIdentifier.Parse(name)) > 0));
        // The site was served all the while, and is.
        using HttpClient visitor = server.CreateClient();
        Assert.True((await visitor.GetAsync(server.Https)).IsSuccessStatusCode);
    }

    [SkippableFact]
    public async Task Dns_is_answered_by_a_program()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        Skip.If(TestProgram.Find("curl") is null, "curl is not installed");
        using var folder = new TemporaryFolder();
        await using PebbleServer pebble = await PebbleServer.StartAsync();
        string program = folder.Write("hook.sh", """
            #!/bin/sh
            # present adds to what is there; challtestsrv has no way to remove one of several.
            case "$2" in present) ;; cleanup) exit 0 ;; *) echo "what is $2?" >&2; exit 3 ;; esac
            exec curl -sf --data "{\"host\":\"$ACTORS443_ACME_RECORD.\",\"value\":\"$5\"}" "$1set-txt"
            """);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var provider = new ExecHookProvider(new ExecHookSettings(program) { Arguments = [pebble.DnsManagement.ToString()] });

        IReadOnlyList<string> names = await IssueByDnsAsync(pebble, provider, ["*.site.test"], new Dictionary<string, string>());

        Assert.Equal(["*.site.test"], names);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dns_is_answered_by_dynamic_update(bool delegated)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        Skip.If(KnotServer.Missing is not null, KnotServer.Missing);
        await using KnotServer knot = await KnotServer.StartAsync("site.test", delegated ? "_acme-challenge CNAME one._acme.site.test." : "");
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { Dns = knot.EndPoint });
        var provider = new DnsUpdateProvider(new DnsUpdateSettings(knot.EndPoint) { Key = knot.Key }, TimeProvider.System);
        Dictionary<string, string> delegations = delegated ? new() { ["site.test"] = "one._acme.site.test" } : [];

        IReadOnlyList<string> names = await IssueByDnsAsync(pebble, provider, ["site.test", "*.site.test"], delegations);

        Assert.Equal(["*.site.test", "site.test"], names.Order());
    }

    private static async Task<IReadOnlyList<string>> IssueByDnsAsync(PebbleServer pebble, IDnsChallengeProvider provider, string[] names, Dictionary<string, string> delegations)
    {
        using AcmeClient client = pebble.CreateClient();
        using AcmeKey accountKey = AcmeKey.Create(AcmeKeyKind.Rs256);
        AcmeAccount account = await client.CreateAccountAsync(accountKey, [], true, null, CancellationToken.None);
        var records = new List<DnsChallengeRecord>();
        (CertificateChain chain, CertificateKey key) = await new ManualOrder(client, account).IssueAsync(
            names,
            AcmeChallengeType.Dns01,
            (authorization, _, keyAuthorization) =>
            {
                records.Add(DnsChallengeRecord.For(authorization.Identifier, keyAuthorization, delegations));
                return provider.PresentAsync(records[^1], CancellationToken.None);
            },
            CertificateKeyType.Rsa2048);
        key.Dispose();
        foreach (DnsChallengeRecord record in records)
            await provider.CleanUpAsync(record, CancellationToken.None);
        return CertificateValidation.NamesOf(chain.Leaf);
    }
}
