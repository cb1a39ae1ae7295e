using System.Net;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Testing;
using Actors443.Tls;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Certificates;

/// <summary>New certificates that some clients see first.</summary>
public sealed class CanaryTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _state = new();
    private readonly TestCertificates _root = new();
    private readonly TestCertificates _intermediate;
    private readonly RecordedLog _log = new();
    private readonly RecordedMetrics _metrics = new();
    private readonly PublishedCertificates _published = new();
    private readonly FakeTimeProvider _time;
    private readonly TlsFrontEnd _frontEnd;
    private readonly Dictionary<(int Kind, ServerCertificate Shown), bool> _verdicts = [];
    private CertificateSettings _settings;

    public CanaryTests()
    {
        _intermediate = _root.Intermediate();
        _time = new FakeTimeProvider(_root.Now);
        _frontEnd = new TlsFrontEnd(new HttpsSettings(), _published);
        _settings = new CertificateSettings { Directories = [_folder.Path], Rescan = TimeSpan.FromHours(1), LocalCa = new() { Enabled = false }, Canary = new CanarySettings { Share = 0.01 } };
    }

    [Fact]
    public void A_chain_without_its_intermediate_is_rolled_back_before_two_percent_saw_it_and_a_good_one_is_promoted()
    {
        Write(_intermediate.Issue("a.test"), whole: true);
        IActorRef supervisor = Start();
        ServerCertificate first = Assert.Single(_published.Current.Certificates);

        Write(_intermediate.Issue("a.test"), whole: false);
        Look(supervisor);
        ServerCertificate bad = Trial(supervisor).Candidate.Certificates[0];
        Assert.Same(first, _published.Current.Certificates[0]);

        (int handshakes, int saw) = Play(supervisor, 20_000, shown => shown == bad, untilOver: true);
        CanaryStatus status = List(supervisor).Canary!;
        Assert.Equal(CanaryState.RolledBack, status.State);
        Assert.InRange((double)saw / handshakes, 0, 0.02);
        Assert.Equal(("the client sent the alert unknown_ca", "a.test"), (status.WhoBroke[0].Kind, status.WhoBroke[0].ServerName));
        Assert.Equal(1, _metrics.Sum("actors443.certificates.canary.ended"));
        Assert.Contains("unknown_ca (a.test)", Assert.Single(_log.Of(LogLevel.Error)), StringComparison.Ordinal);
        Assert.StartsWith("certificates.canary: the new certificate for a.test was rolled back", Assert.Single(List(supervisor).Problems), StringComparison.Ordinal);

        // Nobody sees it again, however often the files are looked at.
        Look(supervisor);
        List(supervisor);
        Assert.Equal(0, Play(supervisor, 5_000, shown => shown == bad).Saw);

        TestCertificate good = _intermediate.Issue("a.test");
        Write(good, whole: true);
        Look(supervisor);
        Trial(supervisor);
        Assert.InRange(Play(supervisor, 40_000, shown => shown.Thumbprint == good.Thumbprint).Saw, 200, 800);
        Assert.Equal(CanaryState.Trying, List(supervisor).Canary!.State);
        _time.Advance(TimeSpan.FromHours(1));
        status = List(supervisor).Canary!;
        Assert.Equal((CanaryState.Promoted, 0L), (status.State, status.Failures));
        Assert.Equal(good.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint);
        Assert.Empty(List(supervisor).Problems);
        Assert.Equal((100, 100), Play(supervisor, 100, shown => shown.Thumbprint == good.Thumbprint));
    }

    [Fact]
    public void A_client_sees_always_the_same_and_the_share_is_as_set()
    {
        Write(_intermediate.Issue("a.test"), whole: true);
        _settings = _settings with { Canary = new CanarySettings { Share = 0.1 } };
        IActorRef supervisor = Start();
        Write(_intermediate.Issue("a.test"), whole: true);
        Look(supervisor);
        CanaryTrial trial = Trial(supervisor);

        IPAddress[] clients = [.. Enumerable.Range(0, 20_000).Select(Client)];
        Assert.InRange(clients.Count(trial.Takes), 1_800, 2_200);
        Assert.All(clients, client => Assert.Equal(trial.Takes(client), trial.Takes(client)));
        // The addresses of one household are one client.
        Assert.All(Enumerable.Range(0, 200), net => Assert.Single(Enumerable.Range(1, 5).Select(host => trial.Takes(IPAddress.Parse($"2001:db8:{net:x}::{host}"))).Distinct()));
    }

    [Fact]
    public void A_name_that_was_not_served_before_is_served_at_once_beside_the_trial()
    {
        Write(_intermediate.Issue("a.test"), whole: true);
        IActorRef supervisor = Start();
        Write(_intermediate.Issue("a.test"), whole: true);
        Write(_intermediate.Issue("b.test"), whole: true, name: "b");
        Look(supervisor);
        Trial(supervisor);

        Assert.NotNull(_published.Current.Find("b.test", CertificateKeyKinds.Any));
        Assert.NotEqual(_published.Trial!.Candidate.Find("a.test", CertificateKeyKinds.Any), _published.Current.Find("a.test", CertificateKeyKinds.Any));
    }

    [Fact]
    public void Without_a_share_a_new_certificate_is_shown_to_all_at_once()
    {
        Write(_intermediate.Issue("a.test"), whole: true);
        _settings = _settings with { Canary = new CanarySettings() };
        IActorRef supervisor = Start();
        TestCertificate next = _intermediate.Issue("a.test");
        Write(next, whole: true);
        Look(supervisor);

        AwaitAssert(() => Assert.Equal(next.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint), Patience);
        Assert.Null(_published.Trial);
        Assert.Null(List(supervisor).Canary);
    }

    [Fact]
    public void Once_the_old_one_has_expired_the_new_one_is_shown_to_all()
    {
        Write(_intermediate.Issue(new TestCertificateOrder { Names = ["a.test"], NotAfter = _root.Now.AddMinutes(30) }), whole: true);
        IActorRef supervisor = Start();
        TestCertificate next = _intermediate.Issue("a.test");
        Write(next, whole: true);
        Look(supervisor);
        Trial(supervisor);
        _time.Advance(TimeSpan.FromMinutes(31));

        Assert.Equal(CanaryState.Promoted, List(supervisor).Canary!.State);
        Assert.Equal(next.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint);
    }

    [Fact]
    public void A_new_file_taken_back_ends_the_trial()
    {
        Write(_intermediate.Issue("a.test"), whole: true);
        IActorRef supervisor = Start();
        string chain = File.ReadAllText($"{_folder.Path}/a.pem");
        string key = File.ReadAllText($"{_folder.Path}/a.key");
        Write(_intermediate.Issue("a.test"), whole: true);
        Look(supervisor);
        Trial(supervisor);
        File.WriteAllText($"{_folder.Path}/a.key", key);
        File.WriteAllText($"{_folder.Path}/a.pem", chain);
        Look(supervisor);

        AwaitAssert(
            () =>
            {
                // The same certificate read anew is shown as before.
                Assert.Null(List(supervisor).Canary);
                Assert.Null(_published.Trial);
            },
            Patience);
    }

    [Theory]
    [InlineData(0, 3, 1000, 0, "RollBack")]
    [InlineData(0, 3, 0, 1000, "GoOn")]
    [InlineData(10, 2, 1000, 0, "GoOn")]
    [InlineData(97, 3, 970, 30, "GoOn")]
    [InlineData(90, 10, 970, 30, "RollBack")]
    [InlineData(995, 5, 1000, 0, "GoOn")]
    [InlineData(300, 150, 700, 300, "GoOn")]
    [InlineData(3000, 1500, 7000, 3000, "RollBack")]
    public void The_figures_decide(long newCompleted, long newFailed, long oldCompleted, long oldFailed, string expected) =>
        Assert.Equal(expected, CanaryRule.Judge(new CanaryCounts(newCompleted, newFailed, oldCompleted, oldFailed), TimeSpan.FromMinutes(1), new CanarySettings()).ToString());

    [Theory]
    [InlineData(200, 60, "Promote")]
    [InlineData(199, 60, "GoOn")]
    [InlineData(200, 59, "GoOn")]
    [InlineData(0, 180, "Promote")]
    public void Time_and_handshakes_promote(long completed, int minutes, string expected) =>
        Assert.Equal(expected, CanaryRule.Judge(new CanaryCounts(completed, 0, 1000, 0), TimeSpan.FromMinutes(minutes), new CanarySettings()).ToString());

    protected override void AfterAll()
    {
        base.AfterAll();
        _metrics.Dispose();
        _log.Dispose();
        _intermediate.Dispose();
        _root.Dispose();
        _state.Dispose();
        _folder.Dispose();
    }

    private static IPAddress Client(int number) => new([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    /// <summary>Handshakes of four kinds of clients, as both engines report them.</summary>
    private (int Handshakes, int Saw) Play(IActorRef supervisor, int handshakes, Func<ServerCertificate, bool> isNew, bool untilOver = false)
    {
        var random = new Random(443);
        int saw = 0;
        for (int made = 1; made <= handshakes; made++)
        {
            int number = random.Next(8_000);
            ServerCertificate shown = _frontEnd.Decide(Hello, Client(number)).Options!.Certificate;
            if (isNew(shown))
                saw++;
            if (Accepts(number % 4, shown))
            {
                _frontEnd.Completed(shown, resumed: false, Client(number));
                continue;
            }

            _frontEnd.Failed(shown, CloseReason.HandshakeFailed, "the client sent the alert unknown_ca", "a.test", Client(number));
            if (untilOver && List(supervisor).Canary!.State != CanaryState.Trying)
                return (made, saw);
        }

        return (handshakes, saw);
    }

    /// <summary>0: a browser, which finds missing issuers itself. 1: curl. 2: Java. 3: an app that trusts the root alone. The last three take what the server sends.</summary>
    private bool Accepts(int kind, ServerCertificate shown)
    {
        if (_verdicts.TryGetValue((kind, shown), out bool known))
            return known;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_root.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ExtraStore.AddRange(shown.Issuers.ToArray());
        if (kind == 0)
            chain.ChainPolicy.ExtraStore.Add(_intermediate.Certificate);
        return _verdicts[(kind, shown)] = chain.Build(shown.Leaf);
    }

    private static ClientHello Hello { get; } = new() { ServerName = "a.test", OffersTls13 = true, SignatureKeyKinds = CertificateKeyKinds.Any };

    private void Write(TestCertificate issued, bool whole, string name = "a")
    {
        _folder.Write(name + ".key", issued.KeyPem);
        _folder.Write(name + ".pem", whole ? issued.ChainPem : issued.WithKey.ExportCertificatePem() + "\n");
    }

    private IActorRef Start()
    {
        IActorRef supervisor = ChildActorOf(
            CertificateSupervisor.Props(() => _settings, _state.Path, _published, _log, new CertificateMetrics(_metrics.Factory, _published, _time), _time),
            "certificates",
            new OneForOneStrategy(_ => Directive.Restart));
        supervisor.Tell(AwaitCertificates.Instance, TestActor);
        ExpectMsg<CertificatesReady>(Patience);
        return supervisor;
    }

    private CanaryTrial Trial(IActorRef supervisor)
    {
        AwaitAssert(() => Assert.Equal(CanaryState.Trying, List(supervisor).Canary?.State), Patience);
        return _published.Trial!;
    }

    private static void Look(IActorRef supervisor) => new ActorSelection(supervisor, "files").Tell(ScanFiles.Instance);

    private CertificateList List(IActorRef supervisor)
    {
        supervisor.Tell(ListCertificates.Instance, TestActor);
        return ExpectMsg<CertificateList>(Patience);
    }
}
