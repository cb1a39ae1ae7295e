using System.Diagnostics.CodeAnalysis;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Testing;
using Actors443.Testing.Acme;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Acme;

/// <summary><c>certificates.acme.on-demand</c>: a handshake waits while the certificate for its name is ordered.</summary>
public sealed class OnDemandTests : IDisposable
{
    private const string Listed = "names = [\"*.site.test\"]";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("event-loop", "tls-alpn-01")]
    [InlineData("portable", "tls-alpn-01")]
    [InlineData("event-loop", "http-01")]
    [InlineData("portable", "http-01")]
    public async Task The_first_visitors_of_a_name_wait_for_one_order(string engine, string challenge)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        int https = FreePort.Next();
        int http = FreePort.Next();
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = http, TlsPort = https, NoncesRefused = 20, ValidationDelay = 1 });
        await using RunningServer server = await RunningServer.StartAsync(
            Hocon([pebble.Issuer], Listed, $"challenges = [{challenge}]"), $"engine={engine}", $"https.bind=[\"127.0.0.1:{https}\"]", $"http.bind=[\"127.0.0.1:{http}\"]");

        X509Certificate2[] shown = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AcmeSites.ShownAsync(https, "shop.site.test")));

        Assert.All(shown, certificate => Assert.Equal(["shop.site.test"], CertificateValidation.NamesOf(certificate)));
        Assert.Single(shown.Select(certificate => certificate.Thumbprint).Distinct());
        Assert.Single((await server.StoryAsync("shop.site.test")).Lines, line => line.Text.Contains("has taken the order", StringComparison.Ordinal));
        await AssertNobodyWaitsAsync(server);
    }

    [Fact]
    public async Task The_example_runs()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        string roots = _folder.Write("roots.pem", ca.Issuer.TrustedRoots[0].ExportCertificatePem());
        await using RunningServer server = await RunningServer.StartAsync(
            await File.ReadAllTextAsync(Repository.Example("on-demand.conf")),
            $"certificates.acme.issuers=[{{ name = Scripted, directory = \"{ca.Issuer.Directory}\", trusted-roots = \"{roots}\" }}]",
            "certificates.acme.poll-interval=100ms");

        Assert.Equal(["shop.customers.example.com"], await NamesShownAsync(server, "shop.customers.example.com"));
        Assert.DoesNotContain("shop.example.com", await NamesShownAsync(server, "shop.example.com"));
    }

    [Fact]
    public async Task Only_names_that_are_listed_have_one()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], Listed));

        Assert.Equal(["a.site.test"], await NamesShownAsync(server, "a.site.test"));
        Assert.DoesNotContain("a.b.site.test", await NamesShownAsync(server, "a.b.site.test"));
        Assert.DoesNotContain("other.test", await NamesShownAsync(server, "other.test"));
        // No name that a CA would certify.
        Assert.DoesNotContain("*.site.test", await NamesShownAsync(server, "*.site.test"));
        Assert.DoesNotContain("a_b.site.test", await NamesShownAsync(server, "a_b.site.test"));
        Assert.Single(ca.Orders);
    }

    [Fact]
    public async Task A_service_permits_and_forbids_and_is_not_asked_again_at_once()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using PermissionService service = await PermissionService.StartAsync();
        service.Answer = name => name.StartsWith("yes", StringComparison.Ordinal) ? 204 : 403;
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], $"ask = \"{service.Url}\""));

        Assert.Equal(["yes.elsewhere.test"], await NamesShownAsync(server, "yes.elsewhere.test"));
        Assert.DoesNotContain("no.elsewhere.test", await NamesShownAsync(server, "no.elsewhere.test"));
        Assert.DoesNotContain("no.elsewhere.test", await NamesShownAsync(server, "no.elsewhere.test"));
        Assert.Equal(["yes.elsewhere.test"], await NamesShownAsync(server, "yes.elsewhere.test"));

        Assert.Equal(["yes.elsewhere.test", "no.elsewhere.test"], service.Asked);
        Assert.Single(ca.Orders);
        await AssertNobodyWaitsAsync(server);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(302)]
    [InlineData(429)]
    public async Task A_service_that_cannot_say_refuses_for_the_moment(int status)
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using PermissionService service = await PermissionService.StartAsync();
        service.Answer = _ => status;
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], $"ask = \"{service.Url}\", refused-for = 10ms"));

        await Assert.ThrowsAnyAsync<AuthenticationException>(() => AcmeSites.ShownAsync(server.HttpsPort, "a.site.test"));
        Obituary obituary = await ObituaryAsync(server);
        Assert.Equal(CloseReason.NoCertificate, obituary.Reason);
        Assert.Contains($"answers {status}", obituary.Detail, StringComparison.Ordinal);

        service.Answer = _ => 200;
        await Eventually.HoldsAsync(async () => await NamesOrNoneAsync(server, "a.site.test") is ["a.site.test"], "it is asked again");
        Assert.Single(ca.Orders);
    }

    [Fact]
    public async Task Sites_with_a_certificate_never_ask()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using PermissionService service = await PermissionService.StartAsync();
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], $"ask = \"{service.Url}\"", sites: "\"own.test\" { respond = own, certificate = acme }"));
        await AcmeSites.AwaitIssuerAsync(server.HttpsPort, "own.test", "Scripted");

        Assert.Equal(["own.test"], await NamesShownAsync(server, "own.test"));
        Assert.DoesNotContain("own.test", service.Asked.Skip(1));
    }

    [Fact]
    public async Task After_a_restart_it_is_served_without_a_question_or_an_order()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using PermissionService service = await PermissionService.StartAsync();
        string state = $"state-directory=\"{Path.Combine(_folder.Path, "state")}\"";
        string hocon = Hocon([ca.Issuer], $"ask = \"{service.Url}\"");
        string thumbprint;
        await using (RunningServer first = await RunningServer.StartAsync(hocon, state))
            thumbprint = (await AcmeSites.ShownAsync(first.HttpsPort, "a.site.test")).Thumbprint;
        service.Answer = _ => 500;

        await using RunningServer again = await RunningServer.StartAsync(hocon, state);

        Assert.Equal(thumbprint, (await AcmeSites.ShownAsync(again.HttpsPort, "a.site.test")).Thumbprint);
        Assert.Single(service.Asked);
        Assert.Single(ca.Orders);
    }

    [Fact]
    public async Task Other_settings_let_go_what_they_do_not_list()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], "names = [\"*.site.test\", \"*.other.test\"]"));
        string kept = (await AcmeSites.ShownAsync(server.HttpsPort, "a.site.test")).Thumbprint;
        Assert.Equal(["a.other.test"], await NamesShownAsync(server, "a.other.test"));

        await server.ReloadAsync(Hocon([ca.Issuer], Listed));

        await Eventually.HoldsAsync(async () => await NamesOrNoneAsync(server, "a.other.test") is { } names && !names.Contains("a.other.test"), "the other is not served any more");
        Assert.Equal(kept, (await AcmeSites.ShownAsync(server.HttpsPort, "a.site.test")).Thumbprint);

        await server.ReloadAsync(Hocon([ca.Issuer], ""));

        await Eventually.HoldsAsync(async () => await NamesOrNoneAsync(server, "a.site.test") is { } names && !names.Contains("a.site.test"), "nothing is on demand any more");
        Assert.Equal(2, ca.Orders.Count);
    }

    [Fact]
    public async Task An_order_that_fails_refuses_those_who_wait_and_is_not_made_for_each_of_them()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        int asked = 0;
        ca.Script = async request =>
        {
            if (request.Path != "/new-order")
                return false;
            Interlocked.Increment(ref asked);
            request.Context.Response.StatusCode = 403;
            await request.Context.Response.WriteAsJsonAsync(new { type = "urn:ietf:params:acme:error:rejectedIdentifier", detail = "Not that one." }, options: null, contentType: "application/problem+json");
            return true;
        };
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], $"{Listed}, wait = 2s", "retry { minimum = 1h, maximum = 1h }"));

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Assert.ThrowsAnyAsync<AuthenticationException>(() => AcmeSites.ShownAsync(server.HttpsPort, "a.site.test"))));
        // Treated as unknown from then on.
        Assert.DoesNotContain("a.site.test", await NamesShownAsync(server, "a.site.test"));

        Assert.Equal(1, asked);
        Obituary obituary = await ObituaryAsync(server);
        Assert.Equal(CloseReason.NoCertificate, obituary.Reason);
        Assert.Contains("Not that one.", obituary.Detail, StringComparison.Ordinal);
        CertificateStory story = await server.StoryAsync("a.site.test");
        Assert.Contains("Not that one.", story.Summary, StringComparison.Ordinal);
        Assert.Empty(server.Environment.AcmeStatuses.All);
    }

    [Theory]
    [InlineData("waiting = 2")]
    [InlineData("names-at-once = 2")]
    public async Task More_than_may_wait_are_refused_at_once(string limit)
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        TaskCompletionSource busy = HoldOrders(ca);
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], $"{Listed}, {limit}"));
        OnDemandGate gate = server.Services.GetRequiredService<OnDemandGate>();
        Task<X509Certificate2>[] waiting = [AcmeSites.ShownAsync(server.HttpsPort, "a.site.test"), AcmeSites.ShownAsync(server.HttpsPort, "b.site.test")];
        await Eventually.HoldsAsync(() => gate.Waiting == 2, "two wait");

        await Assert.ThrowsAnyAsync<AuthenticationException>(() => AcmeSites.ShownAsync(server.HttpsPort, "c.site.test"));

        Obituary obituary = await ObituaryAsync(server);
        Assert.Equal(CloseReason.NoCertificate, obituary.Reason);
        Assert.Contains("on-demand." + limit.Split(' ')[0], obituary.Detail, StringComparison.Ordinal);
        busy.SetResult();
        await Task.WhenAll(waiting);
        Assert.Equal(["c.site.test"], await NamesShownAsync(server, "c.site.test"));
        await AssertNobodyWaitsAsync(server);
    }

    [Theory]
    [InlineData("event-loop")]
    [InlineData("portable")]
    public async Task A_handshake_may_wait_longer_than_others_but_not_for_ever(string engine)
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        TaskCompletionSource busy = HoldOrders(ca);
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], $"{Listed}, wait = 2s"), $"engine={engine}", "deadlines.handshake=200ms");

        await Assert.ThrowsAnyAsync<IOException>(() => AcmeSites.ShownAsync(server.HttpsPort, "a.site.test"));

        Obituary obituary = await ObituaryAsync(server);
        Assert.Equal(CloseReason.HandshakeTimeout, obituary.Reason);
        Assert.True(obituary.Last.Age >= TimeSpan.FromSeconds(1.9), $"it waited {obituary.Last.Age}");
        await AssertNobodyWaitsAsync(server);
        busy.SetResult();
        await Eventually.HoldsAsync(async () => await NamesOrNoneAsync(server, "a.site.test") is ["a.site.test"], "the order went on without it", AcmeSites.Patience);
        Assert.Single(ca.Orders);
    }

    [Fact]
    public async Task An_actor_on_demand_that_crashes_refuses_those_who_wait_and_goes_on()
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        TaskCompletionSource busy = HoldOrders(ca);
        await using RunningServer server = await RunningServer.StartAsync(Hocon([ca.Issuer], Listed));
        Task<X509Certificate2> waiting = AcmeSites.ShownAsync(server.HttpsPort, "a.site.test");
        await Eventually.HoldsAsync(() => server.Services.GetRequiredService<OnDemandGate>().Waiting == 1, "one waits");

        server.System.ActorSelection("/user/actors443/certificates/acme/on-demand").Tell(Kill.Instance);

        await Assert.ThrowsAnyAsync<AuthenticationException>(() => waiting);
        busy.SetResult();
        Assert.Equal(["a.site.test"], await NamesShownAsync(server, "a.site.test"));
        Assert.Single(ca.Orders);
        await AssertNobodyWaitsAsync(server);
    }

    [Theory]
    [InlineData(61, 200, false)]
    [InlineData(2, 403, false)]
    [InlineData(2, 500, true)]
    [InlineData(2, 200, true)]
    public async Task A_name_that_nobody_asks_for_or_that_is_permitted_no_more_is_let_go(int daysAgo, int status, bool isKept)
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        await using PermissionService service = await PermissionService.StartAsync();
        string state = Path.Combine(_folder.Path, "state");
        string hocon = Hocon([ca.Issuer], $"ask = \"{service.Url}\"");
        await using (RunningServer first = await RunningServer.StartAsync(hocon, $"state-directory=\"{state}\""))
            Assert.Equal(["a.site.test"], await NamesShownAsync(first, "a.site.test"));
        string file = Assert.Single(Directory.GetFiles(Path.Combine(state, "acme", "on-demand")));
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-daysAgo));
        service.Asked.Clear();
        service.Answer = _ => status;
        await using RunningServer server = await RunningServer.StartAsync(hocon, $"state-directory=\"{state}\"");
        await Eventually.HoldsAsync(() => IsServed(server), "it is served at first");

        server.System.ActorSelection("/user/actors443/certificates/acme/on-demand").Tell(ReviewNames.Instance);

        if (daysAgo < 60)
            await Eventually.HoldsAsync(() => service.Asked.Contains("a.site.test"), "permission is asked for");
        if (isKept)
            Assert.Equal(["a.site.test"], await NamesShownAsync(server, "a.site.test"));
        else
            await Eventually.HoldsAsync(() => !IsServed(server) && !File.Exists(file), "it is not served any more");
        Assert.Single(ca.Orders);

        static bool IsServed(RunningServer server) => server.Services.GetRequiredService<OnDemandGate>().IsServed("a.site.test");
    }

    [Theory]
    [InlineData(EngineKind.EventLoop)]
    [InlineData(EngineKind.Portable)]
    public async Task An_actor_of_the_application_permits_and_forbids(EngineKind engine)
    {
        await using ScriptedCa ca = await ScriptedCa.StartAsync();
        string roots = _folder.Write("roots.pem", string.Join('\n', ca.Issuer.TrustedRoots.Select(root => root.ExportCertificatePem())));
        await using Engine.EngineHost host = await Engine.EngineHost.StartAsync(
            engine,
            settings => settings with
            {
                Certificates = settings.Certificates with
                {
                    Acme = settings.Certificates.Acme with { AgreeToTerms = true, PollInterval = TimeSpan.FromMilliseconds(100), Issuers = [new AcmeIssuerSettings("Scripted", ca.Issuer.Directory) { TrustedRoots = roots }] },
                },
            },
            options: options => options.PermitCertificatesBy<Permitter>(),
            akka: builder => builder.WithActors((system, registry) => registry.Register<Permitter>(system.ActorOf(Props.Create<Permitter>(), "permitter"))));

        Assert.Equal(["yes.site.test"], CertificateValidation.NamesOf(await AcmeSites.ShownAsync(host.Port, "yes.site.test")));
        Assert.DoesNotContain("no.site.test", CertificateValidation.NamesOf(await AcmeSites.ShownAsync(host.Port, "no.site.test")));
        // Something else than an answer.
        await Assert.ThrowsAnyAsync<AuthenticationException>(() => AcmeSites.ShownAsync(host.Port, "odd.site.test"));
        Assert.Single(ca.Orders);
    }

    private static async Task<Obituary> ObituaryAsync(RunningServer server)
    {
        await Eventually.HoldsAsync(async () => (await server.ObituariesAsync()).Count > 0, "an obituary");
        return (await server.ObituariesAsync())[0];
    }

    /// <summary>The CA takes orders when this is set.</summary>
    private static TaskCompletionSource HoldOrders(ScriptedCa ca)
    {
        var held = new TaskCompletionSource();
        ca.Script = async request =>
        {
            if (request.Path == "/new-order")
                await held.Task;
            return false;
        };
        return held;
    }

    private static async Task AssertNobodyWaitsAsync(RunningServer server) =>
        await Eventually.HoldsAsync(() => server.Services.GetRequiredService<OnDemandGate>().Waiting == 0, "nobody waits any more");

    private static async Task<IReadOnlyList<string>> NamesShownAsync(RunningServer server, string name) => CertificateValidation.NamesOf(await AcmeSites.ShownAsync(server.HttpsPort, name));

    private static async Task<IReadOnlyList<string>?> NamesOrNoneAsync(RunningServer server, string name)
    {
        try
        {
            return await NamesShownAsync(server, name);
        }
        catch (AuthenticationException)
        {
            return null;
        }
    }

    private string Hocon(IReadOnlyList<Actors443.Acme.Protocol.AcmeIssuer> issuers, [StringSyntax("hocon")] string onDemand, string acme = "", string sites = "\"*\" { respond = anything }") =>
        AcmeSites.Hocon(_folder, issuers, [], $"on-demand {{ {onDemand} }}\n{acme}").Replace("sites {", $"sites {{\n{sites}", StringComparison.Ordinal);

    private sealed class Permitter : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is PermitCertificate permit)
                Sender.Tell(permit.Name[0] switch { 'y' => CertificatePermission.Given, 'n' => CertificatePermission.Denied("not a customer"), _ => "what?" });
            else
                Unhandled(message);
        }
    }
}
