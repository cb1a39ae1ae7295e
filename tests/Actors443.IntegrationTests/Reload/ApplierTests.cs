using Actors443.Server.Applying;
using Actors443.Server.Sites;
using Actors443.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Reload;

/// <summary>Settings are prepared, then put in force: all of them or none.</summary>
public sealed class ApplierTests : IAsyncLifetime
{
    private const string First = """actors443 { sites { "a.test" = { respond = "a" }, "b.test" = { respond = "b" } }, dns.allow = "10.0.0.0/8" }""";

    private RunningServer _server = null!;

    private ConfigurationApplier Applier => _server.Services.GetRequiredService<ConfigurationApplier>();

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync(First);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Preparing_changes_nothing_and_committing_changes_all()
    {
        PreparedConfiguration prepared = await PrepareAsync("""actors443 { sites { "a.test" = { respond = "a" }, "c.test" = { respond = "c" } }, drain.deadline = 7s }""");
        Assert.Equal(1, Applier.Running.Generation);
        Assert.Equal(["a.test", "b.test"], Sites());

        Commit commit = await Applier.CommitAsync(prepared, "a test");

        Assert.Equal((CommitOutcome.Applied, 2, "a test"), (commit.Outcome, Applier.Running.Generation, Applier.Running.By));
        Assert.Equal(["a.test", "c.test"], Sites());
        Assert.Equal(TimeSpan.FromSeconds(7), _server.Environment.Settings.Drain.Deadline);
    }

    [Fact]
    public async Task What_was_prepared_before_another_was_committed_is_not_committed()
    {
        PreparedConfiguration late = await PrepareAsync("""actors443.sites."a.test" { respond = "late" }""");
        await Applier.CommitAsync(await PrepareAsync("""actors443.sites."a.test" { respond = "first" }"""), "another");

        Commit commit = await Applier.CommitAsync(late, "a test");

        Assert.Equal(CommitOutcome.Superseded, commit.Outcome);
        Assert.Contains("another", Assert.Single(commit.Problems), StringComparison.Ordinal);
        Assert.Equal(2, Applier.Running.Generation);
    }

    [Fact]
    public async Task What_fails_only_when_it_is_put_in_force_is_named_and_all_of_it_is_taken_back()
    {
        string ca = Path.Combine(_server.StateDirectory, "ca.pem");
        using (var authority = new TestCertificates())
            await File.WriteAllTextAsync(ca, authority.CertificatePem);
        PreparedConfiguration prepared = await PrepareAsync($$"""actors443 { sites { "c.test" = { respond = "c" } }, https.client-certificates { mode = optional, ca = "{{ca}}" } }""");
        File.Delete(ca);

        Commit commit = await Applier.CommitAsync(prepared, "a test");

        Assert.Equal((CommitOutcome.Failed, 1), (commit.Outcome, Applier.Running.Generation));
        Assert.Contains(ca, Assert.Single(commit.Problems), StringComparison.Ordinal);
        Assert.Equal(["a.test", "b.test"], Sites());
        Assert.Equal(Actors443.Configuration.ClientCertificateMode.None, _server.Environment.FrontEnd.Settings.ClientCertificates.Mode);
        await using TlsClient client = await TlsClient.ConnectAsync(_server.HttpsPort, "b.test");
        Assert.Equal("b", (await client.GetAsync("/", "b.test")).Body);
    }

    [Fact]
    public async Task A_part_that_does_not_change_stays_the_same_object()
    {
        object dns = _server.Environment.Settings.Dns;
        object certificates = _server.Environment.Settings.Certificates;
        IRouteHandler handler = HandlerOf("b.test");

        await Applier.CommitAsync(await PrepareAsync(First.Replace("respond = \"a\"", "respond = \"A\"", StringComparison.Ordinal)), "a test");

        Assert.Same(dns, _server.Environment.Settings.Dns);
        Assert.Same(certificates, _server.Environment.Settings.Certificates);
        Assert.Same(handler, HandlerOf("b.test"));
    }

    [Fact]
    public async Task Whoever_came_without_a_certificate_that_is_demanded_now_is_drained()
    {
        string ca = Path.Combine(_server.StateDirectory, "ca.pem");
        using (var authority = new TestCertificates())
            await File.WriteAllTextAsync(ca, authority.CertificatePem);
        await using TlsClient concerned = await TlsClient.ConnectAsync(_server.HttpsPort, "a.test");
        await concerned.GetAsync("/", "a.test");
        await using TlsClient other = await TlsClient.ConnectAsync(_server.HttpsPort, "b.test");
        await other.GetAsync("/", "b.test");

        Commit commit = await Applier.CommitAsync(
            await PrepareAsync($$"""actors443 { sites { "a.test" { respond = "a", client-certificates { mode = require, ca = "{{ca}}" } }, "b.test" = { respond = "b" } }, dns.allow = "10.0.0.0/8" }"""), "a test");

        Assert.Equal((CommitOutcome.Applied, 1), (commit.Outcome, commit.Drained));
        Assert.True(await concerned.EndsAsync());
        Assert.Equal("b", (await other.GetAsync("/", "b.test")).Body);
    }

    [Fact]
    public async Task An_access_log_that_cannot_be_written_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(_server.StateDirectory, "log"));
        string path = Path.Combine(_server.StateDirectory, "log", "access.log");
        var candidate = ConfigurationFixture.Candidate($$"""actors443 { sites."a.test" { respond = "x" }, access-log { format = json, path = "{{path}}" } }""");
        Actors443.Server.Configuration.LoadedSettings loaded = Applier.Load(candidate);
        Directory.CreateDirectory(path);

        Preparation preparation = await Applier.PrepareAsync(loaded, CancellationToken.None);

        Assert.Null(preparation.Prepared);
        Assert.Contains(path, Assert.Single(preparation.Problems), StringComparison.Ordinal);
    }

    private async Task<PreparedConfiguration> PrepareAsync(string hocon)
    {
        Preparation preparation = await Applier.PrepareAsync(Applier.Load(ConfigurationFixture.Candidate(hocon)), CancellationToken.None);
        Assert.Empty(preparation.Problems);
        return preparation.Prepared!;
    }

    private string[] Sites() => [.. _server.Services.GetRequiredService<SiteDirectory>().Current.Sites.Select(site => site.Name)];

    private IRouteHandler HandlerOf(string site) => _server.Services.GetRequiredService<SiteDirectory>().Current.Find(site)!.Match("/", out _)!.Handler;
}
