using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Telemetry;
using Actors443.Testing;
using Akka.Actor;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Certificates;

public sealed class CertificateSupervisorTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _state = new();
    private readonly TestCertificates _root = new();
    private readonly RecordedLog _log = new();
    private readonly RecordedMetrics _metrics = new();
    private readonly PublishedCertificates _published = new();
    private readonly FakeTimeProvider _time;
    private CertificateSettings _settings;

    public CertificateSupervisorTests()
    {
        _time = new FakeTimeProvider(_root.Now);
        // Looks when it is told to, or notified.
        _settings = new CertificateSettings { Directories = [_folder.Path], Rescan = TimeSpan.FromHours(1), LocalCa = new() { LeafLifetime = TimeSpan.FromDays(30) } };
    }

    [Fact]
    public void Without_any_certificate_the_local_ca_issues_one_for_the_default_names()
    {
        CertificatesReady ready = Start(out _);

        Assert.Equal(1, ready.Generation);
        Assert.Empty(ready.Problems);
        ServerCertificate issued = Assert.Single(_published.Current.Certificates);
        Assert.Equal(["localhost", "127.0.0.1", "::1"], issued.Names);
        Assert.Equal(LocalCa.SourceName, issued.Source);
    }

    [Fact]
    public void With_certificates_for_all_names_no_local_ca_is_made()
    {
        TestCertificate issued = _root.Issue("a.test", "*.b.test");
        issued.WritePair(_folder, "a");
        _settings = _settings with { Names = ["a.test", "www.b.test", "*.b.test", "*"] };

        Start(out _);

        Assert.Equal(issued.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint);
        Assert.False(Directory.Exists(LocalCa.FolderIn(_state.Path)));
    }

    [Fact]
    public void Names_that_no_file_covers_get_certificates_of_the_local_ca_behind_those_of_files()
    {
        TestCertificate issued = _root.Issue("a.test");
        issued.WritePair(_folder, "a");
        _settings = _settings with { Names = ["a.test", "b.test", "c.test", "B.TEST"] };

        Start(out _);

        Assert.Equal(
            ["a.test", "localhost,127.0.0.1,::1", "b.test", "c.test"],
            _published.Current.Certificates.Select(certificate => string.Join(',', certificate.Names)));
    }

    [Fact]
    public void Without_a_local_ca_a_name_without_a_certificate_is_a_problem()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        _settings = _settings with { Names = ["a.test", "b.test"], DefaultName = "c.test", LocalCa = new() { Enabled = false } };

        CertificatesReady ready = Start(out _);

        Assert.Collection(
            ready.Problems,
            problem => Assert.StartsWith("sites: no certificate covers b.test; add one", problem, StringComparison.Ordinal),
            problem => Assert.StartsWith("certificates.default-name = \"c.test\": no certificate covers it", problem, StringComparison.Ordinal));
        Assert.Equal(ready.Problems, CertificateCheck.Run(_settings, _time.GetUtcNow()).Problems);
    }

    [Fact]
    public void Each_change_is_one_generation_and_no_change_is_none()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        Start(out IActorRef supervisor);
        CertificateIndex first = _published.Current;

        Look(supervisor);
        supervisor.Tell(CheckExpiry.Instance);
        Assert.Equal(1, List(supervisor).Generation);
        Assert.Same(first, _published.Current);

        for (int generation = 2; generation < 5; generation++)
        {
            TestCertificate renewed = Replace("a");
            Look(supervisor);
            AwaitAssert(() => Assert.Equal(renewed.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint), Patience);
            Assert.Equal(generation, _published.Current.Generation);
        }

        Assert.Equal(1, first.Generation);
        Assert.Equal([4d], _metrics.Gauge("actors443.certificates.generation").Values);
    }

    [Fact]
    public void A_bad_pair_changes_nothing_and_is_listed_until_a_good_one_takes_its_place()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        Start(out IActorRef supervisor);
        CertificateIndex before = _published.Current;

        _folder.Write("a.key", _root.Issue("other.test").KeyPem);
        Look(supervisor);
        AwaitAssert(
            () =>
            {
                // Longer than a half-written pair is given.
                _time.Advance(TimeSpan.FromSeconds(4));
                Look(supervisor);
                Assert.Contains("a.key: is not the key of any certificate in", Assert.Single(List(supervisor).Problems), StringComparison.Ordinal);
            },
            Patience);
        Assert.Same(before, _published.Current);
        Assert.Equal(1, _metrics.Sum("actors443.certificates.refused"));

        TestCertificate good = Replace("a");
        Look(supervisor);

        AwaitAssert(() => Assert.Equal(good.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint), Patience);
        Assert.Equal(2, _published.Current.Generation);
        AwaitAssert(() => Assert.Empty(List(supervisor).Problems), Patience);
    }

    [Theory]
    [InlineData("files")]
    [InlineData("local-ca")]
    [InlineData("")]
    public void A_crash_leaves_the_last_good_index_and_what_comes_after_it_is_picked_up(string crashing)
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        _settings = _settings with { Names = ["a.test", "b.test"] };
        Start(out IActorRef supervisor);
        CertificateIndex before = _published.Current;
        // Good before, bad at the time of the crash.
        _folder.Write("a.key", "bad");

        ActorSelection victim = crashing.Length == 0 ? new ActorSelection(supervisor, "") : new ActorSelection(supervisor, crashing);
        victim.Tell(Kill.Instance);
        supervisor.Tell(CheckExpiry.Instance);
        Answer<CertificatesReady>(supervisor, AwaitCertificates.Instance);
        Assert.Same(before, _published.Current);

        TestCertificate good = Replace("a");
        AwaitAssert(
            () =>
            {
                Look(supervisor);
                Assert.Equal(good.Thumbprint, _published.Current.Certificates[0].Thumbprint);
            },
            Patience);
        Assert.Equal(2, _published.Current.Generation);
        Assert.Equal(before.Certificates.Skip(1), _published.Current.Certificates.Skip(1));
    }

    [Fact]
    public void A_local_ca_that_has_crashed_renews_as_before()
    {
        Start(out IActorRef supervisor);
        ServerCertificate issued = Assert.Single(_published.Current.Certificates);

        new ActorSelection(supervisor, "local-ca").Tell(Kill.Instance);
        _time.Advance(TimeSpan.FromDays(25));
        supervisor.Tell(CheckExpiry.Instance);

        AwaitAssert(() => Assert.NotEqual(issued.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint), Patience);
    }

    [Fact]
    public void New_settings_take_the_place_of_the_old_ones_and_a_restart_does_not_bring_them_back()
    {
        _root.Issue("a.test").WritePair(_folder, "old/a.pem", "old/a.key");
        TestCertificate wanted = _root.Issue("b.test");
        wanted.WritePair(_folder, "new/b.pem", "new/b.key");
        _settings = _settings with { Directories = [_folder.Path + "/old"] };
        Start(out IActorRef supervisor);

        _settings = _settings with { Directories = [_folder.Path + "/new"], Names = ["b.test"] };
        CertificateSettingsApplied applied = Answer<CertificateSettingsApplied>(supervisor, new ApplyCertificateSettings(_settings));

        Assert.Equal(2, applied.Generation);
        Assert.Empty(applied.Problems);
        Assert.Equal(wanted.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint);

        supervisor.Tell(Kill.Instance);
        CertificatesReady ready = Answer<CertificatesReady>(supervisor, AwaitCertificates.Instance);

        Assert.Equal(2, ready.Generation);
        Assert.Equal(wanted.Thumbprint, Assert.Single(_published.Current.Certificates).Thumbprint);
    }

    [Fact]
    public void New_settings_keep_the_certificates_they_share_with_the_old_ones()
    {
        CertificateFileSettings kept = _root.Issue("a.test").WritePair(_folder, "a");
        _settings = _settings with { Directories = [], Files = [kept], Names = ["a.test", "local.test"] };
        Start(out IActorRef supervisor);
        IReadOnlyList<ServerCertificate> before = _published.Current.Certificates;
        CertificateFileSettings added = _root.Issue("b.test").WritePair(_folder, "b");
        _folder.Write("a.key", "bad");

        CertificateSettingsApplied applied = Answer<CertificateSettingsApplied>(supervisor, new ApplyCertificateSettings(_settings with { Files = [kept, added] }));

        Assert.Contains("a.key", Assert.Single(applied.Problems), StringComparison.Ordinal);
        Assert.Equal(["a.test", "b.test"], _published.Current.Certificates.Take(2).SelectMany(certificate => certificate.Names));
        Assert.Same(before[0], _published.Current.Certificates[0]);
        Assert.Equal(before.Skip(1), _published.Current.Certificates.Skip(2));
    }

    [Fact]
    public void The_last_certificate_is_not_taken_away()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        Start(out IActorRef supervisor);
        CertificateIndex before = _published.Current;

        CertificateSettingsApplied applied = Answer<CertificateSettingsApplied>(supervisor, new ApplyCertificateSettings(new() { LocalCa = new() { Enabled = false } }));

        Assert.Same(before, _published.Current);
        Assert.StartsWith("certificates: none is configured", Assert.Single(applied.Problems), StringComparison.Ordinal);
        Assert.Contains(_log.Of(LogLevel.Error), entry => entry.StartsWith("There is no certificate left to serve; those of generation 1 stay", StringComparison.Ordinal));
    }

    [Fact]
    public void The_local_ca_renews_in_time()
    {
        Start(out IActorRef supervisor);

        Assert.Equal(TimeSpan.FromDays(30).TotalSeconds, _metrics.Gauge("actors443.certificate.expiry")["name=localhost source=local CA"], tolerance: 2);
        _time.Advance(TimeSpan.FromDays(19));
        supervisor.Tell(CheckExpiry.Instance);
        Assert.Equal(1, List(supervisor).Generation);

        _time.Advance(TimeSpan.FromDays(2));
        supervisor.Tell(CheckExpiry.Instance);

        AwaitAssert(() => Assert.Equal(2, _published.Current.Generation), Patience);
        Assert.Equal(TimeSpan.FromDays(30).TotalSeconds, _metrics.Gauge("actors443.certificate.expiry")["name=localhost source=local CA"], tolerance: 2);
        Assert.Empty(_log.Of(LogLevel.Warning));
    }

    [Fact]
    public void A_local_ca_that_cannot_renew_says_so_once_and_its_former_certificate_is_served()
    {
        Start(out IActorRef supervisor);
        CertificateIndex before = _published.Current;
        Directory.Delete(LocalCa.FolderIn(_state.Path), recursive: true);
        File.WriteAllText(LocalCa.FolderIn(_state.Path), "in the way");
        _time.Advance(TimeSpan.FromDays(25));

        supervisor.Tell(CheckExpiry.Instance);
        AwaitAssert(() => Assert.Contains("make the folder writable or set state-directory", Assert.Single(List(supervisor).Problems), StringComparison.Ordinal), Patience);
        supervisor.Tell(CheckExpiry.Instance);
        List(supervisor);

        Assert.Same(before, _published.Current);
        Assert.Single(_log.Of(LogLevel.Error));
    }

    [Fact]
    public void A_certificate_that_nears_its_end_is_reported_daily_then_hourly_then_as_an_error()
    {
        _root.Issue(new TestCertificateOrder { Names = ["a.test"], NotAfter = _root.Now.AddDays(13) }).WritePair(_folder, "a");
        _root.Issue("lasting.test").WritePair(_folder, "b");

        Start(out IActorRef supervisor);

        Assert.Contains("a.pem for a.test expires in 12.23:59:5", Assert.Single(Warnings()), StringComparison.Ordinal);
        AfterHours(1);
        Assert.Empty(Warnings());
        AfterHours(23);
        Assert.Contains("a.test expires in 11.23:59:5", Assert.Single(Warnings()), StringComparison.Ordinal);
        AfterHours(24 * 8);
        Assert.Single(Warnings());
        AfterHours(1);
        Assert.Contains("a.test expires in 3.22:59:5", Assert.Single(Warnings()), StringComparison.Ordinal);
        Assert.Empty(_log.Of(LogLevel.Error));

        AfterHours(24 * 4);
        Assert.Contains("a.pem for a.test expired on", Assert.Single(_log.Of(LogLevel.Error)), StringComparison.Ordinal);
        Assert.True(_metrics.Gauge("actors443.certificate.expiry")[$"name=a.test source={_folder.Path}/a.pem"] < 0);
        Assert.Equal(["lasting.test", "a.test"], _published.Current.Certificates.SelectMany(certificate => certificate.Names));

        void AfterHours(int hours)
        {
            _log.Clear();
            _time.Advance(TimeSpan.FromHours(hours));
            supervisor.Tell(CheckExpiry.Instance);
            // Until the local CA has answered what that asked of it, and the answer was handled.
            List(supervisor);
            new ActorSelection(supervisor, "local-ca").Tell(new Identify(null), TestActor);
            ExpectMsg<ActorIdentity>(Patience);
            List(supervisor);
        }
    }

    [Fact]
    public void An_expired_certificate_gives_way_to_a_valid_one_for_the_same_name()
    {
        TestCertificate ending = _root.Issue(new TestCertificateOrder { Names = ["a.test"], NotAfter = _root.Now.AddDays(1) });
        ending.WritePair(_folder, "a");
        TestCertificate lasting = _root.IssueRsa("a.test");
        lasting.WritePair(_folder, "b");
        Start(out IActorRef supervisor);
        Assert.Equal(ending.Thumbprint, _published.Current.Find("a.test", CertificateKeyKinds.Any)!.Thumbprint);

        _time.Advance(TimeSpan.FromDays(2));
        supervisor.Tell(CheckExpiry.Instance);

        AwaitAssert(() => Assert.Equal(lasting.Thumbprint, _published.Current.Find("a.test", CertificateKeyKinds.Any)!.Thumbprint), Patience);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _metrics.Dispose();
        _log.Dispose();
        _root.Dispose();
        _state.Dispose();
        _folder.Dispose();
    }

    private CertificatesReady Start(out IActorRef supervisor)
    {
        supervisor = ChildActorOf(
            CertificateSupervisor.Props(() => _settings, _state.Path, _published, _log, new CertificateMetrics(_metrics.Factory, _published, _time), _time),
            "certificates",
            new OneForOneStrategy(_ => Directive.Restart));
        CertificatesReady ready = Answer<CertificatesReady>(supervisor, AwaitCertificates.Instance);
        List(supervisor);
        return ready;
    }

    private TestCertificate Replace(string name)
    {
        TestCertificate issued = _root.Issue("a.test");
        issued.WritePair(_folder, "." + name + ".pem", "." + name + ".key");
        File.Move($"{_folder.Path}/.{name}.key", $"{_folder.Path}/{name}.key", overwrite: true);
        File.Move($"{_folder.Path}/.{name}.pem", $"{_folder.Path}/{name}.pem", overwrite: true);
        return issued;
    }

    private static void Look(IActorRef supervisor) => new ActorSelection(supervisor, "files").Tell(ScanFiles.Instance);

    private CertificateList List(IActorRef supervisor) => Answer<CertificateList>(supervisor, ListCertificates.Instance);

    private T Answer<T>(IActorRef actor, object request)
    {
        actor.Tell(request, TestActor);
        return ExpectMsg<T>(Patience);
    }

    private IReadOnlyList<string> Warnings() => _log.Of(LogLevel.Warning);
}
