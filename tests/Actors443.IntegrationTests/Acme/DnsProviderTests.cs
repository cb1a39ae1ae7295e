using System.Net;
using System.Security.Cryptography;
using Actors443.Acme.Dns;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.IntegrationTests.Acme;

/// <summary>TXT records put into a real DNS server, and by programs that do what they should not.</summary>
public sealed class DnsProviderTests
{
    private static readonly DnsChallengeRecord One = new("site.test", "_acme-challenge.site.test", new string('a', 43));
    private static readonly DnsChallengeRecord Two = One with { Value = new string('b', 43) };

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Records_of_one_name_come_and_go_by_themselves(bool tcpOnly)
    {
        Skip.If(KnotServer.Missing is not null, KnotServer.Missing);
        await using KnotServer knot = await KnotServer.StartAsync("site.test", "alias CNAME _acme-challenge");
        var provider = new DnsUpdateProvider(new DnsUpdateSettings(knot.EndPoint) { Key = knot.Key, TcpOnly = tcpOnly, Zone = tcpOnly ? "site.test" : null }, TimeProvider.System);
        var lookup = new DnsTxtLookup([knot.EndPoint], TimeSpan.FromSeconds(5));

        Assert.Empty(await SeenAsync());
        await provider.PresentAsync(One, CancellationToken.None);
        await provider.PresentAsync(Two, CancellationToken.None);
        // Again, as after a restart.
        await provider.PresentAsync(One, CancellationToken.None);
        Assert.Equal([One.Value, Two.Value], await SeenAsync());
        DnsTxtAnswer byAlias = (await lookup.AskResolversAsync("alias.site.test", CancellationToken.None))[0];
        Assert.Equal(2, byAlias.Values.Count);
        await provider.CleanUpAsync(One, CancellationToken.None);
        await provider.CleanUpAsync(One, CancellationToken.None);
        Assert.Equal([Two.Value], await SeenAsync());
        await provider.CleanUpAsync(Two, CancellationToken.None);
        Assert.Empty(await SeenAsync());

        async Task<IEnumerable<string>> SeenAsync()
        {
            DnsTxtAnswer answer = (await lookup.AskResolversAsync(One.Name, CancellationToken.None))[0];
            Assert.Null(answer.Problem);
            return answer.Values.Order();
        }
    }

    [SkippableFact]
    public async Task The_servers_of_a_zone_are_found_and_asked_themselves()
    {
        Skip.If(KnotServer.Missing is not null, KnotServer.Missing);
        await using KnotServer knot = await KnotServer.StartAsync("site.test", $"_acme-challenge.www TXT \"{One.Value}\"\nalias CNAME _acme-challenge.www");
        var lookup = new DnsTxtLookup([new IPEndPoint(IPAddress.Loopback, FreePort.Next()), knot.EndPoint], TimeSpan.FromSeconds(2), knot.EndPoint.Port);

        foreach (string name in (string[])["_acme-challenge.www.site.test", "alias.site.test"])
        {
            DnsTxtAnswer answer = Assert.Single(await lookup.AskZoneAsync(name, CancellationToken.None));
            Assert.Equal((knot.EndPoint, One.Value, null), (answer.Server, answer.Values.Single(), answer.Problem));
        }

        Assert.Contains("zone of _acme-challenge.other.test cannot be found", (await Assert.ThrowsAsync<DnsChallengeException>(() => lookup.AskZoneAsync("_acme-challenge.other.test", CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_server_that_refuses_says_why()
    {
        Skip.If(KnotServer.Missing is not null, KnotServer.Missing);
        await using KnotServer knot = await KnotServer.StartAsync("site.test");
        string other = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

        Assert.Contains("BADSIG", await RefusedAsync(new TsigKey("update", other)), StringComparison.Ordinal);
        Assert.Contains("BADKEY", await RefusedAsync(new TsigKey("unknown", other)), StringComparison.Ordinal);
        Assert.Contains("NOTAUTH", await RefusedAsync(null), StringComparison.Ordinal);
        // Of what is not its zone Knot says so without a signature.
        Assert.Contains("REFUSED", await RefusedAsync(knot.Key, One with { Name = "_acme-challenge.other.test" }), StringComparison.Ordinal);
        Assert.Contains("is not a DNS name", await RefusedAsync(knot.Key, One with { Name = "a..site.test" }), StringComparison.Ordinal);

        async Task<string> RefusedAsync(TsigKey? key, DnsChallengeRecord? record = null)
        {
            var provider = new DnsUpdateProvider(new DnsUpdateSettings(knot.EndPoint) { Key = key }, TimeProvider.System);
            return (await Assert.ThrowsAsync<DnsChallengeException>(() => provider.PresentAsync(record ?? One, CancellationToken.None))).Message;
        }
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_in_time()
    {
        var nobody = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        foreach (bool tcpOnly in (bool[])[false, true])
        {
            var provider = new DnsUpdateProvider(new DnsUpdateSettings(nobody) { Timeout = TimeSpan.FromSeconds(1), TcpOnly = tcpOnly }, TimeProvider.System);
            Assert.Contains(nobody.ToString(), (await Assert.ThrowsAsync<DnsChallengeException>(() => provider.PresentAsync(One, CancellationToken.None))).Message, StringComparison.Ordinal);
        }

        DnsTxtAnswer answer = (await new DnsTxtLookup([nobody], TimeSpan.FromSeconds(1)).AskResolversAsync(One.Name, CancellationToken.None))[0];
        Assert.NotNull(answer.Problem);
    }

    [SkippableTheory]
    [InlineData("echo the token is wrong >&2; exit 4", "ended with 4: the token is wrong", 60)]
    [InlineData("exit 1", "ended with 1 and wrote nothing to stderr", 60)]
    [InlineData("echo one >&2; echo two >&2; exit 2", "one | two", 60)]
    [InlineData("echo waiting >&2; exec sleep 600", "did not end within 1 s and was killed: waiting", 1)]
    public async Task A_program_that_fails_is_heard(string script, string problem, int seconds)
    {
        Skip.If(OperatingSystem.IsWindows(), "a shell script");
        var provider = new ExecHookProvider(new ExecHookSettings("/bin/sh") { Arguments = ["-c", script, "hook"], Timeout = TimeSpan.FromSeconds(seconds) });

        DnsChallengeException failed = await Assert.ThrowsAsync<DnsChallengeException>(() => provider.PresentAsync(One, CancellationToken.None));

        Assert.Contains(problem, failed.Message, StringComparison.Ordinal);
        Assert.Contains("present _acme-challenge.site.test", failed.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_program_is_told_by_arguments_and_environment_and_never_by_a_shell()
    {
        Skip.If(OperatingSystem.IsWindows(), "a shell script");
        using var folder = new TemporaryFolder();
        string told = Path.Combine(folder.Path, "told");
        var provider = new ExecHookProvider(new ExecHookSettings("/bin/sh")
        {
            Arguments = ["-c", """echo "$@ $ACTORS443_ACME_ACTION $ACTORS443_ACME_DOMAIN $ACTORS443_ACME_RECORD $ACTORS443_ACME_VALUE" >> "$TOLD" """, "hook", "first"],
            Environment = new Dictionary<string, string> { ["TOLD"] = told },
        });
        DnsChallengeRecord record = One with { Value = "$(touch x);a b" };

        await provider.PresentAsync(record, CancellationToken.None);
        await provider.CleanUpAsync(record, CancellationToken.None);

        string all = $"site.test {record.Name} {record.Value}";
        Assert.Equal([$"first present {all} present {all}", $"first cleanup {all} cleanup {all}"], await File.ReadAllLinesAsync(told));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        var provider = new ExecHookProvider(new ExecHookSettings("/nowhere/hook"));

        Assert.Contains("exec /nowhere/hook could not be started", (await Assert.ThrowsAsync<DnsChallengeException>(() => provider.PresentAsync(One, CancellationToken.None))).Message, StringComparison.Ordinal);
    }
}
