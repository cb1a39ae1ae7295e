using System.Globalization;
using System.Text;
using Actors443.Acme.Protocol;
using Actors443.Testing;
using Actors443.Testing.Acme;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.IntegrationTests.Acme;

/// <summary>Answers that no CA should give, and what good ones give that pebble does not.</summary>
public sealed class ScriptedCaTests : IAsyncLifetime
{
    private readonly AcmeKey _key = AcmeKey.Create(AcmeKeyKind.Es256);
    private ScriptedCa _ca = null!;

    public async Task InitializeAsync() => _ca = await ScriptedCa.StartAsync();

    public async Task DisposeAsync()
    {
        await _ca.DisposeAsync();
        _key.Dispose();
    }

    [Fact]
    public async Task Profile_replaces_and_renewal_information_go_their_way()
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        (AcmeOrder first, CertificateChain chain) = await IssueAsync(client, account, new AcmeOrderRequest([AcmeIdentifier.Parse("a.test")]) { Profile = "shortlived" });
        string id = CertificateId.Of(chain.Leaf)!;

        RenewalInfo info = (await client.GetRenewalInfoAsync(id, CancellationToken.None))!;
        await IssueAsync(client, account, new AcmeOrderRequest([AcmeIdentifier.Parse("a.test")]) { Replaces = id });

        Assert.Equal("shortlived", first.Profile);
        Assert.Equal(TimeSpan.FromHours(6), info.RetryAfter);
        Assert.Equal(_ca.RenewalWindow, (info.Start, info.End));
        Assert.Equal("https://ca.test/why", info.Explanation!.ToString());
        Assert.Contains("/renewal-info/" + id, _ca.Asked);
        Assert.Equal([null, id], _ca.Orders.Select(order => order.TryGetProperty("replaces", out var replaces) ? replaces.GetString() : null));
        Assert.Equal(["shortlived", null], _ca.Orders.Select(order => order.TryGetProperty("profile", out var profile) ? profile.GetString() : null));
        Assert.All(_ca.UserAgents, agent => Assert.Matches(@"^Actors443/\d+\.\d+\.\d+ dotnet/10\.", agent));
        Assert.Equal(["ca.test"], (await client.GetDirectoryAsync(CancellationToken.None)).CaaIdentities);
        Assert.Single(_ca.Asked, "/directory");
    }

    [Fact]
    public async Task The_directory_is_asked_for_again_after_an_hour()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using AcmeClient client = _ca.CreateClient(time: time);
        await client.GetDirectoryAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromMinutes(59));
        await client.GetDirectoryAsync(CancellationToken.None);
        Assert.Single(_ca.Asked);
        time.Advance(TimeSpan.FromMinutes(2));
        await client.GetDirectoryAsync(CancellationToken.None);
        Assert.Equal(2, _ca.Asked.Count);
    }

    [Theory]
    [InlineData(429, "3600", 3600)]
    [InlineData(503, "date", 600)]
    [InlineData(503, null, null)]
    [InlineData(429, "whenever", null)]
    public async Task A_CA_that_is_busy_says_for_how_long(int status, string? header, int? seconds)
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        DateTimeOffset moment = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Answer("/new-order", status, "application/problem+json", """{"type":"urn:ietf:params:acme:error:rateLimited","detail":"Too many."}""", response =>
        {
            if (header == "date")
            {
                // The CA's clock is years behind; what it means is ten minutes all the same.
                response.Headers.Date = moment.ToString("r", CultureInfo.InvariantCulture);
                response.Headers.RetryAfter = moment.AddMinutes(10).ToString("r", CultureInfo.InvariantCulture);
            }
            else if (header is not null)
            {
                response.Headers.RetryAfter = header;
            }
        });

        AcmeException busy = await Assert.ThrowsAsync<AcmeException>(() => OrderAsync(client, account));

        Assert.Equal((AcmeFailure.Overloaded, true, status), (busy.Failure, busy.IsTransient, busy.Status));
        Assert.Equal(seconds is { } wanted ? TimeSpan.FromSeconds(wanted) : null, busy.RetryAfter);
        Assert.Contains("Too many.", busy.Message, StringComparison.Ordinal);
        Assert.Single(_ca.Asked, "/new-order");
    }

    [Fact]
    public async Task An_order_in_progress_says_when_to_ask_again()
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        _ca.Script = request =>
        {
            if (request.Path.StartsWith("/order/", StringComparison.Ordinal))
                request.Context.Response.Headers.RetryAfter = "7";
            return Task.FromResult(false);
        };
        AcmeOrder order = await OrderAsync(client, account);

        Assert.Null(order.RetryAfter);
        Assert.Equal(TimeSpan.FromSeconds(7), (await client.GetOrderAsync(account, order.Url, CancellationToken.None)).RetryAfter);
    }

    [Theory]
    [InlineData(200, "application/json", "{\"status\":", "not JSON")]
    [InlineData(200, "application/json", "[]", "not a JSON object")]
    [InlineData(200, "text/html", "<html>Maintenance</html>", "not JSON")]
    [InlineData(200, "application/json", "", "not JSON")]
    [InlineData(200, "application/json", "{}", "no \"status\"")]
    [InlineData(200, "application/json", "{\"status\":\"valid\",\"identifiers\":[],\"authorizations\":[],\"finalize\":\"https://127.0.0.1/f\"}", "names no certificate")]
    [InlineData(200, "application/json", "{\"status\":\"ready\",\"identifiers\":[],\"authorizations\":7,\"finalize\":\"https://127.0.0.1/f\"}", "\"authorizations\"")]
    [InlineData(200, "application/json", "{\"status\":\"ready\",\"identifiers\":[],\"authorizations\":[],\"finalize\":\"http://127.0.0.1/f\"}", "not https")]
    [InlineData(200, "application/json", "{\"status\":\"ready\",\"identifiers\":[],\"authorizations\":[],\"finalize\":\"file:///etc/passwd\"}", "not https")]
    [InlineData(404, "text/html", "<html>\u0007 Not here</html>", "no problem document but \"<html>  Not here</html>\"")]
    [InlineData(302, "text/html", "", "redirect to https://elsewhere.test/x")]
    public async Task Answers_that_are_not_ACME_are_said_to_be_so(int status, string type, string body, string problem)
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        AcmeOrder order = await OrderAsync(client, account);
        Answer(order.Url.AbsolutePath, status, type, body, response =>
        {
            if (status == 302)
                response.Headers.Location = "https://elsewhere.test/x";
        });

        AcmeException bad = await Assert.ThrowsAsync<AcmeException>(() => client.GetOrderAsync(account, order.Url, CancellationToken.None));

        Assert.Equal(AcmeFailure.BadAnswer, bad.Failure);
        Assert.Contains(problem, bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_error_in_HTML_is_one_to_wait_for()
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        Answer("/new-order", 502, "text/html", "<html>Bad gateway</html>");

        AcmeException bad = await Assert.ThrowsAsync<AcmeException>(() => OrderAsync(client, account));

        Assert.Equal((AcmeFailure.ServerError, true), (bad.Failure, bad.IsTransient));
        Assert.Contains("Bad gateway", bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_problem_is_surfaced_as_it_was_written()
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        const string document = """{"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"No.","subproblems":[{"type":"urn:ietf:params:acme:error:caa","detail":"CAA forbids","identifier":{"type":"dns","value":"a.test"}}],"extra":1}""";
        Answer("/new-order", 400, "application/problem+json", document);

        AcmeException refused = await Assert.ThrowsAsync<AcmeException>(() => OrderAsync(client, account));

        Assert.Equal((AcmeFailure.Refused, false), (refused.Failure, refused.IsTransient));
        Assert.Equal(document, refused.Problem!.Document);
        Assert.Contains("a.test: caa: CAA forbids", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_is_too_large_is_given_up(bool saysSo)
    {
        using AcmeClient client = _ca.CreateClient(issuer => issuer with { MaximumAnswer = 4096 });
        AcmeAccount account = await AccountAsync(client);
        _ca.Script = async request =>
        {
            if (request.Path != "/new-order")
                return false;
            byte[] part = Encoding.ASCII.GetBytes(new string(' ', 8192));
            if (saysSo)
                request.Context.Response.ContentLength = part.Length;
            await request.Context.Response.Body.WriteAsync(part);
            return true;
        };

        AcmeException bad = await Assert.ThrowsAsync<AcmeException>(() => OrderAsync(client, account));

        Assert.Equal(AcmeFailure.BadAnswer, bad.Failure);
        Assert.Contains("larger than 4096 bytes", bad.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_never_ends_is_given_up_in_time(bool withHead)
    {
        using AcmeClient setUp = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(setUp);
        using AcmeClient client = _ca.CreateClient(issuer => issuer with { Timeout = TimeSpan.FromSeconds(1) });
        _ca.Script = async request =>
        {
            if (request.Path != "/new-order")
                return false;
            if (withHead)
                await request.Context.Response.Body.WriteAsync("{"u8.ToArray());
            var gone = new TaskCompletionSource();
            await using (request.Context.RequestAborted.Register(gone.SetResult))
                await gone.Task;
            return true;
        };

        AcmeException late = await Assert.ThrowsAsync<AcmeException>(() => OrderAsync(client, account));

        Assert.Equal((AcmeFailure.TimedOut, true), (late.Failure, late.IsTransient));
    }

    [Fact]
    public async Task Whoever_stops_is_not_told_of_a_timeout()
    {
        using AcmeClient client = _ca.CreateClient();
        using var stop = new CancellationTokenSource();
        _ca.Script = async request =>
        {
            await stop.CancelAsync();
            return false;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetDirectoryAsync(stop.Token));
    }

    [Theory]
    [InlineData("/new-account")]
    [InlineData("/new-order")]
    public async Task Without_a_Location_nothing_was_made(string path)
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        Answer(path, 201, "application/json", """{"status":"ready","identifiers":[],"authorizations":[],"finalize":"https://127.0.0.1/f"}""");

        AcmeException bad = await Assert.ThrowsAsync<AcmeException>(() => path == "/new-order" ? OrderAsync(client, account) : AccountAsync(client));

        Assert.Equal(AcmeFailure.BadAnswer, bad.Failure);
        Assert.Contains("no Location", bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_nonces_nothing_can_be_asked()
    {
        _ca.GivesNonces = false;
        using AcmeClient client = _ca.CreateClient();

        AcmeException bad = await Assert.ThrowsAsync<AcmeException>(() => AccountAsync(client));

        Assert.Contains("no Replay-Nonce", bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_nonce_is_replaced_by_the_one_that_came_with_the_refusal()
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        int refusals = 3;
        _ca.Script = async request =>
        {
            if (request.Path != "/new-order" || refusals-- <= 0)
                return false;
            request.Context.Response.StatusCode = 400;
            await request.Context.Response.WriteAsync("""{"type":"urn:ietf:params:acme:error:badNonce"}""");
            return true;
        };

        await OrderAsync(client, account);

        Assert.Equal(4, _ca.Asked.Count(path => path == "/new-order"));
        Assert.Single(_ca.Asked, "/new-nonce");
    }

    [Theory]
    [InlineData("other key", "Its key is not")]
    [InlineData("other issuer", "")]
    [InlineData("no chain", "")]
    public async Task A_certificate_that_was_not_ordered_is_refused(string fault, string problem)
    {
        using AcmeClient client = _ca.CreateClient();
        AcmeAccount account = await AccountAsync(client);
        TestCertificate wrong = _ca.Stranger.Intermediate().Issue("a.test");
        _ca.Script = async request =>
        {
            if (!request.Path.StartsWith("/certificate/", StringComparison.Ordinal))
                return false;
            await request.Context.Response.WriteAsync(fault switch
            {
                "other key" => wrong.ChainPem,
                "other issuer" => wrong.LeafPem + _ca.Stranger.Intermediate("Another").CertificatePem,
                _ => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            });
            return true;
        };

        AcmeException bad = await Assert.ThrowsAsync<AcmeException>(() => IssueAsync(client, account, new AcmeOrderRequest([AcmeIdentifier.Parse("a.test")])));

        Assert.Equal(fault == "no chain" ? AcmeFailure.BadAnswer : AcmeFailure.WrongCertificate, bad.Failure);
        Assert.Contains(problem, bad.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"suggestedWindow":{"start":"2026-12-03T00:00:00Z","end":"2026-12-01T00:00:00Z"}}""")]
    [InlineData("""{"suggestedWindow":{"start":"2026-12-03T00:00:00Z"}}""")]
    [InlineData("""{"suggestedWindow":{"start":"soon","end":"later"}}""")]
    [InlineData("{}")]
    public async Task A_window_that_is_none_is_refused(string body)
    {
        using AcmeClient client = _ca.CreateClient();
        Answer("/renewal-info/a.b", 200, "application/json", body);

        Assert.Equal(AcmeFailure.BadAnswer, (await Assert.ThrowsAsync<AcmeException>(() => client.GetRenewalInfoAsync("a.b", CancellationToken.None))).Failure);
    }

    [Fact]
    public async Task A_CA_is_trusted_only_by_a_root_that_was_named()
    {
        using AcmeClient system = _ca.CreateClient(issuer => issuer with { TrustedRoots = [] });
        using AcmeClient other = _ca.CreateClient(issuer => issuer with { TrustedRoots = [_ca.Stranger.Certificate] });
        using AcmeClient name = _ca.CreateClient(issuer => issuer with { Directory = new Uri($"https://localhost:{issuer.Directory.Port}/directory") });

        foreach (AcmeClient client in (AcmeClient[])[system, other, name])
            Assert.Equal(AcmeFailure.UntrustedServer, (await Assert.ThrowsAsync<AcmeException>(() => client.GetDirectoryAsync(CancellationToken.None))).Failure);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/directory", false, "BadAnswer")]
    [InlineData("http://example.test/directory", true, "BadAnswer")]
    [InlineData("http://127.0.0.1:1/directory", true, "Unreachable")]
    [InlineData("https://127.0.0.1:1/directory", false, "Unreachable")]
    public async Task Only_https_is_spoken_but_to_this_machine_when_asked(string directory, bool allowed, string failure)
    {
        using AcmeClient client = _ca.CreateClient(issuer => issuer with { Directory = new Uri(directory), AllowHttpOnLoopback = allowed });

        Assert.Equal(failure, (await Assert.ThrowsAsync<AcmeException>(() => client.GetDirectoryAsync(CancellationToken.None))).Failure.ToString());
    }

    private Task<AcmeAccount> AccountAsync(AcmeClient client) => client.CreateAccountAsync(_key, [], true, null, CancellationToken.None);

    private static Task<AcmeOrder> OrderAsync(AcmeClient client, AcmeAccount account) =>
        client.CreateOrderAsync(account, new AcmeOrderRequest([AcmeIdentifier.Parse("a.test")]), CancellationToken.None);

    private static async Task<(AcmeOrder Order, CertificateChain Chain)> IssueAsync(AcmeClient client, AcmeAccount account, AcmeOrderRequest request)
    {
        using CertificateKey key = CertificateKey.Create(CertificateKeyType.EcdsaP256);
        AcmeOrder order = await client.CreateOrderAsync(account, request, CancellationToken.None);
        order = await client.FinalizeAsync(account, order, key.SigningRequest(request.Identifiers), CancellationToken.None);
        CertificateChain chain = (await client.DownloadAsync(account, order.Certificate!, withAlternates: true, CancellationToken.None))[0];
        chain.Verify(key, request.Identifiers, DateTimeOffset.UtcNow);
        return (order, chain);
    }

    private void Answer(string path, int status, string type, string body, Action<HttpResponse>? also = null) => _ca.Script = async request =>
    {
        if (request.Path != path)
            return false;
        request.Context.Response.StatusCode = status;
        request.Context.Response.ContentType = type;
        also?.Invoke(request.Context.Response);
        await request.Context.Response.WriteAsync(body);
        return true;
    };
}
