using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Actors443.Acme.Orders;
using Actors443.Acme.Protocol;
using Actors443.Certificates;
using Actors443.Testing;
using Actors443.Testing.Acme;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.Acme;

/// <summary><c>certificate = acme</c> with a CA that does what no CA should: the site is served all the while, the story says why, and a retry follows.</summary>
public sealed class ScriptedOrderTests : IDisposable
{
    private const string Name = "www.site.test";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("busy", "try later")]
    [InlineData("down", "500")]
    [InlineData("garbage", "new-order")]
    [InlineData("refuses", "No certificates today")]
    [InlineData("slow", "no whole answer")]
    [InlineData("wrong-certificate", "is not the one ordered")]
    [InlineData("broken-chain", "is not the one ordered")]
    public async Task Trouble_with_the_ca_costs_nothing_but_time(string trouble, string said)
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        bool isTroubled = true;
        ca.Script = async request =>
        {
            if (!isTroubled)
                return false;
            switch (trouble)
            {
                case "wrong-certificate" or "broken-chain" when request.Path.StartsWith("/certificate/", StringComparison.Ordinal):
                    TestCertificate other = ca.Stranger.Issue(trouble == "broken-chain" ? Name : "other.test");
                    request.Context.Response.ContentType = "application/pem-certificate-chain";
                    await request.Context.Response.WriteAsync(other.ChainPem);
                    return true;
                case "wrong-certificate" or "broken-chain":
                    return false;
            }

            if (request.Path != "/new-order")
                return false;
            switch (trouble)
            {
                case "busy":
                    request.Context.Response.Headers.RetryAfter = "1";
                    await ProblemAsync(request.Context, 503, "rateLimited", "Please try later.");
                    break;
                case "down":
                    request.Context.Response.StatusCode = 500;
                    break;
                case "garbage":
                    request.Context.Response.StatusCode = 201;
                    await request.Context.Response.WriteAsync("<html>Welcome to the hotel's wireless network</html>");
                    break;
                case "slow":
                    // Until the client gives up.
                    var gone = new TaskCompletionSource();
                    await using (request.Context.RequestAborted.Register(() => gone.TrySetResult()))
                        await gone.Task;
                    break;
                default:
                    await ProblemAsync(request.Context, 403, "rejectedIdentifier", "No certificates today.");
                    break;
            }

            return true;
        };
        await using RunningServer server = await StartAsync([ca.Issuer], [Name], "request-timeout = 500ms");

        CertificateStory story = await server.AwaitStoryAsync(Name, said);
        X509Certificate2 meanwhile = await AcmeSites.ShownAsync(server.HttpsPort, Name);
        isTroubled = false;
        X509Certificate2 after = await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");

        Assert.Contains(story.Lines, line => line.Text.Contains("The next attempt is at", StringComparison.Ordinal));
        Assert.Contains("Local CA", meanwhile.Issuer, StringComparison.Ordinal);
        Assert.Equal([Name], CertificateValidation.NamesOf(after));
    }

    [Fact]
    public async Task A_certificate_outlives_a_ca_that_is_gone()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await StartAsync([ca.Issuer], [Name]);
        X509Certificate2 first = await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");
        ca.Script = request =>
        {
            request.Context.Abort();
            return Task.FromResult(true);
        };

        await server.RenewAsync(Name);
        CertificateStory story = await server.AwaitStoryAsync(Name, "The next attempt is at");

        Assert.Equal(first.Thumbprint, (await AcmeSites.ShownAsync(server.HttpsPort, Name)).Thumbprint);
        Assert.Contains("generation 1", story.Summary, StringComparison.Ordinal);
        ca.Script = null;
        await server.AwaitStoryAsync(Name, "installed as generation 2");
    }

    [Fact]
    public async Task Retry_After_is_obeyed_and_the_next_issuer_asked_instead()
    {
        await using ScriptedCa busy = await ScriptedCa.StartAsync();
        await using ScriptedCa other = await ScriptedCa.StartAsync();
        busy.Script = BusyForAnHourAsync;
        await using RunningServer server = await StartAsync([busy.Issuer with { Name = "Busy" }, other.Issuer with { Name = "Other" }], [Name]);

        await server.AwaitStoryAsync(Name, "Other is asked instead");
        await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");

        Assert.Single(other.Orders);
        Assert.Equal(1, busy.Asked.Count(path => path == "/new-order"));
    }

    [Fact]
    public async Task A_lone_issuer_that_is_busy_for_an_hour_is_left_alone_for_an_hour()
    {
        await using ScriptedCa busy = await ScriptedCa.StartAsync();
        busy.Script = BusyForAnHourAsync;
        await using RunningServer server = await StartAsync([busy.Issuer], [Name]);

        CertificateStory story = await server.AwaitStoryAsync(Name, "The next attempt is at");

        NameSetStatus status = Assert.Single(server.Environment.AcmeStatuses.All);
        Assert.Equal(AcmeOrderState.BackingOff, status.State);
        Assert.InRange(status.NextAttempt!.Value - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(58), TimeSpan.FromMinutes(60));
        Assert.Equal(1, busy.Asked.Count(path => path == "/new-order"));
        Assert.Contains("Too many.", story.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_repeated_failure_the_staging_ca_is_asked_first()
    {
        await using ScriptedCa real = await ScriptedCa.StartAsync();
        await using ScriptedCa staging = await ScriptedCa.StartAsync();
        bool isRefused = true;
        real.Script = async request =>
        {
            if (request.Path != "/new-order" || !isRefused)
                return false;
            await ProblemAsync(request.Context, 403, "rejectedIdentifier", "No certificates today.");
            return true;
        };
        string roots = _folder.Write("both.pem", real.Issuer.TrustedRoots[0].ExportCertificatePem() + "\n" + staging.Issuer.TrustedRoots[0].ExportCertificatePem());
        await using RunningServer server = await StartAsync(
            [real.Issuer], [Name], $$"""issuers = [{ name = Both, directory = "{{real.Issuer.Directory}}", staging = "{{staging.Issuer.Directory}}", trusted-roots = "{{roots}}" }]""");

        await server.AwaitStoryAsync(Name, "Both staging has found all names valid");
        isRefused = false;
        await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");

        // Nothing was issued there.
        Assert.DoesNotContain(staging.Asked, path => path.StartsWith("/finalize/", StringComparison.Ordinal));
        Assert.True(real.Asked.Count(path => path == "/new-order") >= 4);
    }

    [Fact]
    public async Task An_account_that_the_ca_has_lost_is_made_again_with_its_key()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await StartAsync([ca.Issuer], [Name]);
        await server.AwaitStoryAsync(Name, "installed as generation 1");
        string key = Assert.Single(Directory.GetFiles(server.StateDirectory, "account.key", SearchOption.AllDirectories));
        string before = await File.ReadAllTextAsync(key);
        bool isLost = true;
        ca.Script = async request =>
        {
            if (request.Path == "/new-account")
                isLost = false;
            if (request.Path != "/new-order" || !isLost)
                return false;
            await ProblemAsync(request.Context, 400, "accountDoesNotExist", "Who are you?");
            return true;
        };

        await server.RenewAsync(Name);
        CertificateStory story = await server.AwaitStoryAsync(Name, "installed as generation 2");

        Assert.Contains(story.Lines, line => line.Text.Contains("The account is made again with the same key", StringComparison.Ordinal));
        Assert.Equal(before, await File.ReadAllTextAsync(key));
        Assert.Equal(2, ca.Asked.Count(path => path == "/new-account"));
    }

    [Fact]
    public async Task An_order_actor_that_crashes_begins_anew_from_what_it_kept()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await StartAsync([ca.Issuer], [Name]);
        X509Certificate2 first = await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");

        server.System.ActorSelection("/user/actors443/certificates/acme/order-*").Tell(Akka.Actor.Kill.Instance);
        server.System.ActorSelection("/user/actors443/certificates/acme").Tell(Akka.Actor.Kill.Instance);
        await Eventually.HoldsAsync(async () => (await server.StoryAsync(Name)).State == nameof(AcmeOrderState.Waiting), "it waits again");

        Assert.Equal(first.Thumbprint, (await AcmeSites.ShownAsync(server.HttpsPort, Name)).Thumbprint);
        Assert.Single(ca.Orders);
        await server.RenewAsync(Name);
        await server.AwaitStoryAsync(Name, "installed as generation 2");
    }

    [Fact]
    public async Task A_name_can_be_had_at_run_time()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await StartAsync([ca.Issuer], [Name]);

        server.Supervisor.Tell(new ObtainCertificate(["new.site.test"]), Akka.Actor.ActorRefs.NoSender);
        server.Supervisor.Tell(new ObtainCertificate(["new.site.test"]), Akka.Actor.ActorRefs.NoSender);

        await Eventually.HoldsAsync(async () => CertificateValidation.NamesOf(await AcmeSites.ShownAsync(server.HttpsPort, "new.site.test")) is ["new.site.test"], "it is served", AcmeSites.Patience);
        await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");
        Assert.Equal(2, ca.Orders.Count);
    }

    [Fact]
    public async Task The_ca_says_when_to_renew_and_is_told_what_is_replaced()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        string? asked = null;
        ca.Script = async request =>
        {
            // The first certificate is to be renewed at once, its successor is not.
            if (!request.Path.StartsWith("/renewal-info/", StringComparison.Ordinal) || (asked is not null && !request.Path.EndsWith(asked, StringComparison.Ordinal)))
                return false;
            asked = request.Path["/renewal-info/".Length..];
            await request.Context.Response.WriteAsJsonAsync(new { suggestedWindow = new { start = "2026-01-01T00:00:00Z", end = "2026-01-02T00:00:00Z" } });
            return true;
        };
        await using RunningServer server = await StartAsync([ca.Issuer], [Name]);

        await server.AwaitStoryAsync(Name, "installed as generation 2");
        CertificateStory story = await server.AwaitStoryAsync(Name, $"between {ca.RenewalWindow.Start:yyyy-MM-dd}");

        JsonElement[] orders = [.. ca.Orders];
        Assert.Equal(2, orders.Length);
        Assert.False(orders[0].TryGetProperty("replaces", out _));
        Assert.Equal(asked, orders[1].GetProperty("replaces").GetString());
        Assert.Equal(nameof(AcmeOrderState.Waiting), story.State);
    }

    [Theory]
    [InlineData("", 3)]
    [InlineData("renew-within = 0.5", 2)]
    public async Task Without_a_window_of_the_ca_a_share_of_the_life_is_left_at_renewal(string setting, int part)
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        ca.Script = request =>
        {
            bool isAsked = request.Path.StartsWith("/renewal-info/", StringComparison.Ordinal);
            if (isAsked)
                request.Context.Response.StatusCode = 404;
            return Task.FromResult(isAsked);
        };
        await using RunningServer server = await StartAsync([ca.Issuer], [Name], setting);
        await server.AwaitStoryAsync(Name, "installed as generation 1");
        await server.AwaitStoryAsync(Name, "could not be asked");

        X509Certificate2 shown = await AcmeSites.ShownAsync(server.HttpsPort, Name);
        NameSetStatus status = Assert.Single(server.Environment.AcmeStatuses.All);
        Assert.Equal(AcmeOrderState.Waiting, status.State);
        Assert.Equal(shown.NotAfter.ToUniversalTime() - (shown.NotAfter - shown.NotBefore) / part, status.RenewAt!.Value.UtcDateTime, TimeSpan.FromSeconds(1));
        Assert.Single(ca.Orders);
    }

    [Fact]
    public async Task The_profile_of_an_issuer_is_ordered_and_every_key_is_of_the_kind_that_is_set()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await RunningServer.StartAsync(AcmeSites.Hocon(_folder, [ca.Issuer], [Name], "key-type = rsa2048", issuerMore: "profile = shortlived"));
        await server.AwaitStoryAsync(Name, "installed as generation 1");
        await server.RenewAsync(Name);
        await server.AwaitStoryAsync(Name, "installed as generation 2");
        await Eventually.HoldsAsync(async () => (await AcmeSites.ShownAsync(server.HttpsPort, Name)).GetRSAPublicKey()?.KeySize == 2048, "it is shown");

        Assert.Equal(["shortlived", "shortlived"], ca.Orders.Select(order => order.GetProperty("profile").GetString()));
    }

    [Fact]
    public async Task A_state_that_cannot_be_written_costs_nothing_but_time()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        string state = Path.Combine(_folder.Path, "state");
        string? blocked = null;
        ca.Script = request =>
        {
            if (blocked is null && request.Path.StartsWith("/finalize", StringComparison.Ordinal))
            {
                // A folder in the place of the file, which nobody may write over, root neither.
                blocked = Assert.Single(Directory.GetFiles(state, "order.json", SearchOption.AllDirectories));
                File.Delete(blocked);
                Directory.CreateDirectory(blocked);
            }

            return Task.FromResult(false);
        };
        await using RunningServer server = await StartAsync([ca.Issuer], [Name], "", $"state-directory=\"{state}\"");
        await Eventually.HoldsAsync(() => server.Environment.AcmeStatuses.All.Any(status => status.LastFailure?.Contains("The state directory cannot be written", StringComparison.Ordinal) == true), "it says why");
        Assert.Contains(Name, CertificateValidation.NamesOf(await AcmeSites.ShownAsync(server.HttpsPort, Name)));

        Directory.Delete(blocked!);

        await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");
        Assert.Equal(nameof(AcmeOrderState.Waiting), (await server.StoryAsync(Name)).State);
    }

    [Fact]
    public async Task Renewal_under_load_costs_no_request()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await StartAsync([ca.Issuer], [Name]);
        X509Certificate2 first = await AcmeSites.AwaitIssuerAsync(server.HttpsPort, Name, "Scripted");
        using var stop = new CancellationTokenSource();
        int answered = 0;
        Task[] visitors = [.. Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                // One in two connects for every request.
                using var handler = new SocketsHttpHandler
                {
                    UseProxy = false,
                    PooledConnectionLifetime = i % 2 == 0 ? TimeSpan.Zero : Timeout.InfiniteTimeSpan,
                    SslOptions = { TargetHost = Name, RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null },
                };
                using var client = new HttpClient(handler) { BaseAddress = server.Https };
                client.DefaultRequestHeaders.Host = Name;
                for (int request = 0; request < 100 && !stop.IsCancellationRequested; request++)
                {
                    Assert.Equal($"This is {Name}", await client.GetStringAsync(new Uri("/", UriKind.Relative)));
                    Interlocked.Increment(ref answered);
                }
            }
        }))];

        for (int generation = 2; generation <= 6; generation++)
        {
            await server.RenewAsync(Name);
            await server.AwaitStoryAsync(Name, $"installed as generation {generation}");
            int before = Volatile.Read(ref answered);
            await Eventually.HoldsAsync(() => Volatile.Read(ref answered) > before + 50 || visitors.Any(visitor => visitor.IsFaulted), "visitors are answered");
        }

        await Eventually.HoldsAsync(async () => (await AcmeSites.ShownAsync(server.HttpsPort, Name)).Thumbprint != first.Thumbprint, "the new certificate is shown");
        await stop.CancelAsync();
        await Task.WhenAll(visitors);
        Assert.True(answered > 250, answered.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_thousand_names_at_once_keep_within_the_budget_and_all_get_one()
    {
        const int names = 1000;
        const int budget = 200;
        var window = TimeSpan.FromSeconds(4);
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        var ordered = new System.Collections.Concurrent.ConcurrentQueue<DateTimeOffset>();
        ca.Script = request =>
        {
            if (request.Path == "/new-order")
                ordered.Enqueue(DateTimeOffset.UtcNow);
            return Task.FromResult(false);
        };
        string sets = string.Join(", ", Enumerable.Range(0, names).Select(i => $"[\"n{i}.site.test\"]"));

        await using RunningServer server = await StartAsync(
            [ca.Issuer], [Name], $"names = [{sets}], budget {{ orders = {budget}, window = {window.TotalSeconds}s, at-once = 8 }}", "certificates.local-ca.enabled=off", "log.level=error");
        await Eventually.HoldsAsync(
            () => server.Environment.Certificates.Current.Certificates.Count(certificate => certificate.Source.StartsWith("ACME", StringComparison.Ordinal)) == names + 1,
            "all are issued",
            TimeSpan.FromMinutes(3));

        DateTimeOffset[] moments = [.. ordered.Order()];
        Assert.Equal(names + 1, moments.Length);
        // The CA hears of an order a little later than it was granted.
        TimeSpan measured = window - TimeSpan.FromSeconds(1);
        Assert.All(Enumerable.Range(0, moments.Length - budget * 2), i => Assert.True(moments[i + budget * 2] - moments[i] >= measured));
        Assert.Equal(1, ca.Asked.Count(path => path == "/new-account"));
        Assert.Contains("n500.site.test", CertificateValidation.NamesOf(await AcmeSites.ShownAsync(server.HttpsPort, "n500.site.test")));
    }

    private Task<RunningServer> StartAsync(IReadOnlyList<AcmeIssuer> issuers, IReadOnlyList<string> names, string acme = "", params string[] overrides) =>
        RunningServer.StartAsync(AcmeSites.Hocon(_folder, issuers, names, acme), overrides);

    private static async Task<bool> BusyForAnHourAsync(CaRequest request)
    {
        if (request.Path != "/new-order")
            return false;
        request.Context.Response.Headers.RetryAfter = "3600";
        await ProblemAsync(request.Context, 429, "rateLimited", "Too many.");
        return true;
    }

    private static Task ProblemAsync(HttpContext context, int status, string type, string detail)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { type = "urn:ietf:params:acme:error:" + type, detail }, options: null, contentType: "application/problem+json");
    }
}
