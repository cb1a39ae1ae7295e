using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Load;

/// <summary>Abuse against the product itself: it is done, it is ended, and the server goes on serving.</summary>
[Collection(LoadCollection.Name)]
public sealed class LoadAbuseTests : IAsyncLifetime
{
    private readonly TemporaryFolder _site = new();
    private RunningServer _server = null!;

    public async Task InitializeAsync()
    {
        await using (FileStream big = File.Create(Path.Combine(_site.Path, "index.html")))
            big.SetLength(8 << 20);
        _server = await RunningServer.StartAsync(
            $$"""actors443.sites."*" = "{{_site.Path}}" """,
            "https.limits.minimum-rate=10MiB", "https.limits.rate-grace=1100ms", "deadlines.headers=1s", "deadlines.handshake=1s", "deadlines.idle=2s");
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _site.Dispose();
    }

    [Theory]
    [InlineData(nameof(AbuseKind.Slowloris))]
    [InlineData(nameof(AbuseKind.SlowRead))]
    [InlineData(nameof(AbuseKind.Silent))]
    [InlineData(nameof(AbuseKind.HalfHandshake))]
    [InlineData(nameof(AbuseKind.RapidReset))]
    [InlineData(nameof(AbuseKind.HeaderBomb))]
    [InlineData(nameof(AbuseKind.Garbage))]
    public async Task Abuse_is_done_and_ended_and_nobody_else_notices(string kind)
    {
        var settings = new LoadSettings
        {
            Target = _server.Https,
            Duration = TimeSpan.FromSeconds(30),
            Groups = [new AbuseGroup { Name = "abuse", Kind = Enum.Parse<AbuseKind>(kind), Clients = 10 }],
        };
        LoadOutcome outcome = await LoadTarget.LoadAsync(settings, until: sofar => sofar.Errors.Values.Sum() >= 10);

        Assert.True(outcome.Events >= (kind == nameof(AbuseKind.HalfHandshake) ? 0 : 10), $"{outcome.Events} done");
        Assert.True(outcome.Errors.Values.Sum() >= 10, string.Join(' ', outcome.Errors));
        Assert.DoesNotContain(outcome.Errors.Keys, error => error.Kind is not (LoadErrorKind.Closed or LoadErrorKind.Reset or LoadErrorKind.TlsAlert or LoadErrorKind.Tls));
        using HttpClient client = _server.CreateClient();
        Assert.True((await client.GetAsync("/")).IsSuccessStatusCode);
    }
}
