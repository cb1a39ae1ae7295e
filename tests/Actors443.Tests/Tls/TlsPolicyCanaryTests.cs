using System.Net;
using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Testing;
using Actors443.Tests.Certificates;
using Actors443.Tls;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Tls;

/// <summary>Another TLS policy that some clients see first.</summary>
public sealed class TlsPolicyCanaryTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();
    private readonly RecordedLog _log = new();
    private readonly RecordedMetrics _metrics = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly PublishedCertificates _published = new();
    private readonly TlsFrontEnd _frontEnd;
    private readonly IActorRef _actor;
    private Actors443Settings _settings;

    public TlsPolicyCanaryTests()
    {
        ServerCertificate certificate = CertificateLoader.Load(_root.Issue("a.test").WritePair(_folder, "a"), _root.Now);
        _published.Publish(new CertificateIndex(1, [certificate], null, _root.Now));
        _settings = new Actors443Settings { StateDirectory = _folder.Path, Certificates = new CertificateSettings { Canary = new CanarySettings { Share = 0.05 } } };
        _frontEnd = new TlsFrontEnd(_settings.Https, _published);
        Func<Actors443Settings> settings = () => _settings;
        _actor = ChildActorOf(Props.Create<TlsPolicyActor>(settings, _frontEnd, new ConnectionMetrics(_metrics.Factory), (ILoggerFactory)_log, (TimeProvider)_time), "tls", new OneForOneStrategy(_ => Directive.Restart));
    }

    [Fact]
    public void A_policy_that_many_cannot_use_is_rolled_back_and_says_who_broke()
    {
        Apply(TlsPolicyName.Modern);
        Assert.Equal((CanaryState.Trying, 0.05), (_frontEnd.PolicyCanary!.State, _frontEnd.PolicyCanary.Share));

        // Every fifth client has no TLS 1.3.
        int refused = Play(4_000, number => number % 5 == 0, untilOver: true);

        AwaitAssert(() => Assert.Equal(CanaryState.RolledBack, _frontEnd.PolicyCanary!.State), Patience);
        CanaryStatus status = _frontEnd.PolicyCanary;
        Assert.InRange(refused, 3, 20);
        Assert.Equal(["https.tls = modern"], status.Names);
        Assert.Equal(("no_shared_protocol", "a.test"), (status.WhoBroke[0].Kind, status.WhoBroke[0].ServerName));
        Assert.Equal(0, status.StableFailures);
        Assert.Contains("https.tls = modern is rolled back", Assert.Single(_log.Of(LogLevel.Error)), StringComparison.Ordinal);
        Assert.Equal(1, _metrics.Sum("actors443.tls_policy.canary.ended"));
        Assert.Equal(0, Play(4_000, number => number % 5 == 0));

        // The same settings again are no reason to try again; others are.
        Apply(TlsPolicyName.Modern);
        Assert.Equal(0, Play(4_000, number => number % 5 == 0));
        Assert.Equal(CanaryState.RolledBack, _frontEnd.PolicyCanary!.State);
        Apply(TlsPolicyName.Intermediate);
        Assert.Null(_frontEnd.PolicyCanary);
        Apply(TlsPolicyName.Modern);
        Assert.Equal(CanaryState.Trying, _frontEnd.PolicyCanary!.State);
    }

    [Fact]
    public void A_policy_that_all_can_use_holds_for_all_in_the_end()
    {
        Apply(TlsPolicyName.Modern);
        Assert.Equal(0, Play(20_000, _ => false));
        _actor.Tell(CheckPolicyTrial.Instance);
        AwaitAssert(() => Assert.InRange(_frontEnd.PolicyCanary!.Handshakes, 500, 2_000), Patience);
        Assert.Equal(CanaryState.Trying, _frontEnd.PolicyCanary!.State);

        _time.Advance(TimeSpan.FromHours(1));
        _actor.Tell(CheckPolicyTrial.Instance);

        AwaitAssert(() => Assert.Equal(CanaryState.Promoted, _frontEnd.PolicyCanary!.State), Patience);
        Assert.Equal(100, Play(100, _ => true));
    }

    [Fact]
    public void Scanners_that_no_policy_would_let_in_roll_nothing_back()
    {
        Apply(TlsPolicyName.Modern);

        // TLS 1.1, refused before as now.
        for (int number = 0; number < 5_000; number++)
            _frontEnd.Decide(new ClientHello { ServerName = "a.test", SignatureKeyKinds = CertificateKeyKinds.Any }, Client(number));
        _actor.Tell(CheckPolicyTrial.Instance);

        AwaitAssert(() => Assert.True(_frontEnd.PolicyCanary!.Failures > 50), Patience);
        Assert.Equal(CanaryState.Trying, _frontEnd.PolicyCanary!.State);
    }

    [Fact]
    public void Without_a_share_it_holds_for_all_at_once()
    {
        _settings = _settings with { Certificates = _settings.Certificates with { Canary = new CanarySettings() } };
        Apply(TlsPolicyName.Modern);

        Assert.Null(_frontEnd.PolicyCanary);
        Assert.Equal(100, Play(100, _ => true));
    }

    [Fact]
    public void An_actor_that_fails_ends_its_trial_and_what_the_settings_want_holds()
    {
        Apply(TlsPolicyName.Modern);
        _actor.Tell(Kill.Instance);

        AwaitAssert(() => Assert.Null(_frontEnd.PolicyCanary), Patience);
        AwaitAssert(() => Assert.Equal(100, Play(100, _ => true)), Patience);
    }

    [Fact]
    public void A_client_ca_that_cannot_be_read_changes_nothing()
    {
        var bad = new ClientCertificateSettings(ClientCertificateMode.Required, Path.Combine(_folder.Path, "none.pem"));
        _actor.Tell(new ApplyTlsSettings(_settings with { Https = _settings.Https with { Tls = TlsPolicyName.Modern, ClientCertificates = bad } }), TestActor);

        Assert.Contains("none.pem", ExpectMsg<TlsSettingsApplied>(Patience).Problem, StringComparison.Ordinal);
        Assert.Equal(0, Play(1_000, _ => true));
        Assert.Null(_frontEnd.PolicyCanary);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _metrics.Dispose();
        _log.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    private static IPAddress Client(int number) => new([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    private void Apply(TlsPolicyName policy)
    {
        _settings = _settings with { Https = _settings.Https with { Tls = policy } };
        _actor.Tell(new ApplyTlsSettings(_settings), TestActor);
        Assert.Null(ExpectMsg<TlsSettingsApplied>(Patience).Problem);
    }

    /// <summary>Handshakes as both engines report them. How many were refused.</summary>
    private int Play(int handshakes, Func<int, bool> isOld, bool untilOver = false)
    {
        int refused = 0;
        for (int number = 0; number < handshakes; number++)
        {
            var hello = new ClientHello { ServerName = "a.test", OffersTls13 = !isOld(number), OffersTls12 = true, Tls12AeadKeyKinds = CertificateKeyKinds.Any, SignatureKeyKinds = CertificateKeyKinds.Any };
            TlsDecision decision = _frontEnd.Decide(hello, Client(number));
            if (decision.Refusal == CloseReason.None)
            {
                _frontEnd.Completed(decision.Options!.Certificate, resumed: false, Client(number));
                continue;
            }

            refused++;
            if (!untilOver)
                continue;
            // What the failure has posted is looked at.
            _actor.Tell(new ApplyTlsSettings(_settings), TestActor);
            ExpectMsg<TlsSettingsApplied>(Patience);
            if (_frontEnd.PolicyCanary!.State != CanaryState.Trying)
                return refused;
        }

        return refused;
    }
}
