using Actors443.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Actors443.Tests.Configuration;

/// <summary>What of a changed file is applied live and what waits for a restart.</summary>
public sealed class SettingsChangeSpecs : SettingsFixture
{
    [Theory]
    [InlineData("sites.\"a.example\" = \"http://127.0.0.1:1\"", "actors443.sites.\"a.example\"")]
    [InlineData("sites.\"a.example\" = null", "actors443.sites.\"a.example\"")]
    [InlineData("sites.\"b.example\" = www", "actors443.sites.\"b.example\"")]
    [InlineData("sites.\"a.example\" { files = www, hsts = off }", "actors443.sites.\"a.example\"")]
    [InlineData("certificates.directories = www", "actors443.certificates.directories")]
    [InlineData("certificates.local-ca.enabled = off", "actors443.certificates.local-ca.enabled")]
    [InlineData("admission.maximum-connections = 5", "actors443.admission.maximum-connections")]
    [InlineData("admission.per-client.exempt = \"10.0.0.0/8\"", "actors443.admission.per-client.exempt")]
    [InlineData("admission.load.memory.shed = 0.5", "actors443.admission.load.memory.shed")]
    [InlineData("https.tls = modern", "actors443.https.tls")]
    [InlineData("https.strict-sni = on", "actors443.https.strict-sni")]
    [InlineData("deadlines.age = 1h", "actors443.deadlines.age")]
    [InlineData("drain.deadline = 1s", "actors443.drain.deadline")]
    [InlineData("dns.allow = \"10.0.0.0/8\"", "actors443.dns.allow")]
    [InlineData("dns.cache.stale = off", "actors443.dns.cache.stale")]
    [InlineData("access-log.format = json", "actors443.access-log.format")]
    [InlineData("log.level = debug", "actors443.log.level")]
    [InlineData("log.levels { A = debug }", "actors443.log.levels")]
    public void Applied_live(string changed, string key)
    {
        (ServerSettings before, ServerSettings after, SettingsChange change) = Change(changed);

        Assert.Equal([key], change.LiveKeys);
        Assert.Empty(change.RestartKeys);
        Assert.Equal(SettingsKeys.Of(after), SettingsKeys.Of(change.Applicable));
        Assert.NotEqual(SettingsKeys.Of(before), SettingsKeys.Of(change.Applicable));
    }

    [Theory]
    [InlineData("https.bind = 1", "actors443.https.bind")]
    [InlineData("https.limits.http2-streams = 5", "actors443.https.limits.http2-streams")]
    [InlineData("http.bind = 1", "actors443.http.bind")]
    [InlineData("http.enabled = off", "actors443.http.enabled")]
    [InlineData("engine = portable", "actors443.engine")]
    [InlineData("state-directory = www", "actors443.state-directory")]
    [InlineData("admin.bind = \"127.0.0.1:1\"", "actors443.admin.bind")]
    [InlineData("telemetry.trace-ratio = 1", "actors443.telemetry.trace-ratio")]
    [InlineData("log.json = on", "actors443.log.json")]
    public void Needs_a_restart(string changed, string key)
    {
        (ServerSettings before, _, SettingsChange change) = Change(changed);

        Assert.Equal([key], change.RestartKeys);
        Assert.Empty(change.LiveKeys);
        Assert.Equal(SettingsKeys.Of(before), SettingsKeys.Of(change.Applicable));
    }

    [Fact]
    public void Both_at_once_are_told_apart_and_the_live_part_is_applied()
    {
        (ServerSettings before, ServerSettings after, SettingsChange change) = Change("https.bind = 1, drain.deadline = 1s, log { json = on, level = error }");

        Assert.Equal(["actors443.drain.deadline", "actors443.log.level"], change.LiveKeys);
        Assert.Equal(["actors443.https.bind", "actors443.log.json"], change.RestartKeys);
        Assert.Equal(after.Core.Drain, change.Applicable.Core.Drain);
        Assert.Equal(before.Core.Https.Bind, change.Applicable.Core.Https.Bind);
        Assert.Equal((false, LogLevel.Error), (change.Applicable.Log.Json, change.Applicable.Log.Level));
    }

    [Fact]
    public void The_same_settings_in_another_order_are_no_change()
    {
        ServerSettings before = Good("actors443 { drain.deadline = 1s, sites { \"a.example\" = www, \"b.example\" = www } }");
        ServerSettings after = Good("actors443 { sites { \"b.example\" = www\n \"a.example\" { files = www } }\n drain { deadline = 1000ms } }");

        Assert.True(SettingsChange.Between(before, after).IsEmpty);
    }

    private (ServerSettings Before, ServerSettings After, SettingsChange Change) Change(string changed)
    {
        const string text = "actors443 {\n sites.\"a.example\" = www\n";
        ServerSettings before = Good(text + "}");
        ServerSettings after = Good(text + changed + "\n}");
        return (before, after, SettingsChange.Between(before, after));
    }
}
