using Actors443.IntegrationTests.Reload;
using Actors443.Server.Applying;
using Actors443.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Sites;

/// <summary>What the last request of a connection was for is kept for the next, and never stands in for what that one is for.</summary>
public sealed class RepeatedRequestTests : IAsyncLifetime
{
    private const string Sites = """actors443.sites { "a.test" { routes = [{ path = "/one", respond = "one" }, { path = "/two/*", respond = "two" }] }, "b.test" { respond = "b" } }""";

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync(Sites);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Each_request_of_a_connection_is_answered_for_its_own_host_and_path()
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_server.HttpsPort, "a.test");
        (string Path, string Host, int Status, string? Body)[] requests =
        [
            ("/one", "a.test", 200, "one"),
            ("/one", "a.test", 200, "one"),
            ("/one?query", "a.test", 200, "one"),
            ("/two/x", "a.test", 200, "two"),
            ("/One", "a.test", 404, null),
            ("/one", "A.TEST", 200, "one"),
            ("/one", "b.test", 421, null),
            ("/one", "a.test", 200, "one"),
        ];

        foreach ((string path, string host, int status, string? body) in requests)
        {
            HttpAnswer answer = await client.GetAsync(path, host);
            Assert.Equal((path, host, status), (path, host, answer.Status));
            if (body is null)
                continue;
            Assert.Equal(body, answer.Body);
            Assert.StartsWith("max-age=", answer.Headers["Strict-Transport-Security"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task After_a_reload_a_connection_is_answered_by_the_new_sites()
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_server.HttpsPort, "a.test");
        Assert.Equal("one", (await client.GetAsync("/one", "a.test")).Body);

        await ApplyAsync(Sites.Replace("\"one\"", "\"new\"", StringComparison.Ordinal));
        Assert.Equal("new", (await client.GetAsync("/one", "a.test")).Body);

        await ApplyAsync("""actors443.sites."b.test" { respond = "b" }""");
        Assert.Equal(421, (await client.GetAsync("/one", "a.test")).Status);
    }

    private async Task ApplyAsync(string hocon)
    {
        ConfigurationApplier applier = _server.Services.GetRequiredService<ConfigurationApplier>();
        Preparation preparation = await applier.PrepareAsync(applier.Load(ConfigurationFixture.Candidate(hocon)), CancellationToken.None);
        Assert.Equal(CommitOutcome.Applied, (await applier.CommitAsync(preparation.Prepared!, "a test")).Outcome);
    }
}
