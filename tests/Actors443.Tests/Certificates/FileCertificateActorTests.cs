using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Telemetry;
using Actors443.Testing;
using Akka.Actor;
using Akka.TestKit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Certificates;

/// <summary>When the actor looks at the files, and what it tells. In virtual time: nothing happens but what a test lets happen.</summary>
public sealed class FileCertificateActorTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Rescan = TimeSpan.FromHours(1);

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();
    private readonly RecordedLog _log = new();
    private readonly RecordedMetrics _metrics = new();
    private readonly FakeTimeProvider _time;
    private readonly IActorRef _actor;

    public FileCertificateActorTests()
        : base("""akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """)
    {
        _time = new FakeTimeProvider(_root.Now);
        _folder.Write("placeholder.txt", "");
        _root.Issue("a.test").WritePair(_folder, "a");
        _actor = Start(new CertificateSettings { Directories = [_folder.Path] });
    }

    private TestScheduler Scheduler => (TestScheduler)Sys.Scheduler;

    [Fact]
    public void The_first_look_is_told_at_once_with_its_problems()
    {
        _root.IssueExpired("b.test").WritePair(_folder, "b");

        FileCertificatesLoaded loaded = Pass(TimeSpan.Zero)!;

        Assert.Equal(["a.test"], loaded.Certificates.SelectMany(certificate => certificate.Names));
        string problem = Assert.Single(loaded.Problems);
        Assert.Contains("b.pem: It expired", problem, StringComparison.Ordinal);
        Assert.Equal($"Certificate refused; the one before it, if there is one, is served on. {problem}", Assert.Single(_log.Of(LogLevel.Error)));
        Assert.Equal(1, _metrics.Sum("actors443.certificates.refused"));
    }

    [Fact]
    public void Unchanged_files_are_told_once()
    {
        Pass(TimeSpan.Zero);

        Assert.Null(Pass(Rescan));
        Assert.Null(Pass(Rescan));
    }

    [Fact]
    public void A_change_that_nobody_notified_is_found_by_the_next_rescan()
    {
        FileCertificatesLoaded first = Pass(TimeSpan.Zero)!;
        _root.Issue("a.test").WritePair(_folder, "a");

        Assert.NotEqual(first.Certificates, Pass(Rescan)!.Certificates);
    }

    [Fact]
    public void A_change_is_looked_at_when_the_files_have_been_quiet_for_a_moment()
    {
        Pass(TimeSpan.Zero);
        TestCertificate renewed = _root.Issue("a.test");
        _folder.Write("a.key", renewed.KeyPem);
        Notify();
        Assert.Null(Pass(TimeSpan.FromMilliseconds(200)));
        _folder.Write("a.pem", renewed.ChainPem);
        Notify();
        Assert.Null(Pass(TimeSpan.FromMilliseconds(200)));

        // The folder's own notifications may put it off once more.
        FileCertificatesLoaded? loaded = null;
        AwaitCondition(() => (loaded = Pass(TimeSpan.FromMilliseconds(300))) is not null, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(20));
        Assert.Equal(renewed.Thumbprint, Assert.Single(loaded!.Certificates).Thumbprint);
        Assert.Empty(_log.Of(LogLevel.Error));
    }

    [Fact]
    public void A_folder_that_is_never_quiet_is_looked_at_all_the_same()
    {
        Pass(TimeSpan.Zero);
        _root.Issue("a.test").WritePair(_folder, "a");
        FileCertificatesLoaded? loaded = null;

        // For four seconds, far less than until the rescan.
        for (int i = 0; i < 40 && loaded is null; i++)
        {
            Notify();
            loaded = Pass(TimeSpan.FromMilliseconds(100));
        }

        Assert.NotNull(loaded);
    }

    [Fact]
    public void A_bad_pair_is_reported_once_and_only_when_it_stays_bad()
    {
        FileCertificatesLoaded first = Pass(TimeSpan.Zero)!;
        _folder.Write("a.key", "bad");

        Assert.Null(Pass(Rescan));
        Assert.Null(Pass(TimeSpan.FromSeconds(1)));
        Assert.Empty(_log.Of(LogLevel.Error));
        FileCertificatesLoaded bad = Pass(TimeSpan.FromSeconds(3), step: TimeSpan.FromSeconds(1))!;

        Assert.Equal(first.Certificates, bad.Certificates);
        Assert.Contains("a.key: holds no private key", Assert.Single(bad.Problems), StringComparison.Ordinal);
        Assert.Null(Pass(Rescan));
        Assert.Single(_log.Of(LogLevel.Error));
        Assert.Equal(1, _metrics.Sum("actors443.certificates.refused"));

        TestCertificate good = _root.Issue("a.test");
        good.WritePair(_folder, "a");
        FileCertificatesLoaded healed = Pass(Rescan)!;
        Assert.Equal(good.Thumbprint, Assert.Single(healed.Certificates).Thumbprint);
        Assert.Empty(healed.Problems);

        _folder.Write("a.key", "bad");
        Pass(Rescan);
        Pass(TimeSpan.FromSeconds(4), step: TimeSpan.FromSeconds(1));
        Assert.Equal(2, _log.Of(LogLevel.Error).Count);
    }

    [Fact]
    public void A_pair_caught_half_way_is_not_reported()
    {
        Pass(TimeSpan.Zero);
        TestCertificate renewed = _root.Issue("a.test");
        _folder.Write("a.pem", renewed.ChainPem);
        Assert.Null(Pass(Rescan));

        _folder.Write("a.key", renewed.KeyPem);

        Assert.Equal(renewed.Thumbprint, Assert.Single(Pass(TimeSpan.FromSeconds(1))!.Certificates).Thumbprint);
        Assert.Null(Pass(TimeSpan.FromSeconds(10), step: TimeSpan.FromSeconds(1)));
        Assert.Empty(_log.Of(LogLevel.Error));
        Assert.Equal(0, _metrics.Sum("actors443.certificates.refused"));
    }

    [Fact]
    public void A_deleted_file_is_a_warning_and_no_refusal()
    {
        FileCertificatesLoaded first = Pass(TimeSpan.Zero)!;
        File.Delete(Path.Combine(_folder.Path, "a.pem"));

        Pass(Rescan);
        FileCertificatesLoaded gone = Pass(TimeSpan.FromSeconds(4), step: TimeSpan.FromSeconds(1))!;

        Assert.Equal(first.Certificates, gone.Certificates);
        Assert.Contains("the file is gone", Assert.Single(_log.Of(LogLevel.Warning)), StringComparison.Ordinal);
        Assert.Empty(_log.Of(LogLevel.Error));
        Assert.Equal(0, _metrics.Sum("actors443.certificates.refused"));
    }

    [Fact]
    public void A_watched_folder_notifies_of_every_way_to_change_a_file()
    {
        Pass(TimeSpan.Zero);
        foreach (Action<TestCertificate> write in new Action<TestCertificate>[]
        {
            renewed => renewed.WritePair(_folder, "a"),
            renewed =>
            {
                renewed.WritePair(_folder, ".a.pem", ".a.key");
                File.Move(_folder.Path + "/.a.key", _folder.Path + "/a.key", overwrite: true);
                File.Move(_folder.Path + "/.a.pem", _folder.Path + "/a.pem", overwrite: true);
            },
            renewed =>
            {
                renewed.WritePair(_folder, "..1/tls.crt", "..1/tls.key");
                SymbolicLink.Point(_folder.Path + "/..data", "..1");
                File.CreateSymbolicLink(_folder.Path + "/tls.crt", "..data/tls.crt");
                File.CreateSymbolicLink(_folder.Path + "/tls.key", "..data/tls.key");
            },
            renewed =>
            {
                renewed.WritePair(_folder, "..2/tls.crt", "..2/tls.key");
                SymbolicLink.Point(_folder.Path + "/..data", "..2");
            },
            renewed => renewed.WritePair(_folder, "new.test/fullchain.pem", "new.test/privkey.pem"),
            renewed => renewed.WritePair(_folder, "new.test/fullchain.pem", "new.test/privkey.pem"),
        })
        {
            TestCertificate renewed = _root.Issue("a.test");
            write(renewed);

            AwaitNotified(renewed);
        }
    }

    [Fact]
    public void A_named_file_is_watched_where_its_link_is_and_where_that_points_to()
    {
        _root.Issue("a.test").WritePair(_folder, "archive/a1.pem", "archive/a1.key");
        Directory.CreateDirectory(_folder.Path + "/live");
        string chain = _folder.Path + "/live/a.pem";
        string key = _folder.Path + "/live/a.key";
        File.CreateSymbolicLink(chain, "../archive/a1.pem");
        File.CreateSymbolicLink(key, "../archive/a1.key");
        Start(new CertificateSettings { Files = [new() { Chain = chain, Key = key }] });
        Pass(TimeSpan.Zero);

        TestCertificate inPlace = _root.Issue("a.test");
        inPlace.WritePair(_folder, "archive/a1.pem", "archive/a1.key");
        AwaitNotified(inPlace);

        // As certbot does.
        TestCertificate next = _root.Issue("a.test");
        next.WritePair(_folder, "archive/a2.pem", "archive/a2.key");
        File.Delete(key);
        File.CreateSymbolicLink(key, "../archive/a2.key");
        File.Delete(chain);
        File.CreateSymbolicLink(chain, "../archive/a2.pem");
        AwaitNotified(next);
    }

    [Fact]
    public void What_was_known_of_the_files_outlives_a_crash()
    {
        FileCertificatesLoaded first = Pass(TimeSpan.Zero)!;
        _folder.Write("a.key", "bad");

        _actor.Tell(Kill.Instance);
        FileCertificatesLoaded again = Pass(TimeSpan.FromSeconds(2), step: TimeSpan.FromSeconds(1))!;

        Assert.Equal(first.Certificates, again.Certificates);
        Assert.Contains(_log.Of(LogLevel.Error), entry => entry.Contains("failed and starts again in", StringComparison.Ordinal));
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _metrics.Dispose();
        _log.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    private IActorRef Start(CertificateSettings settings) => ChildActorOf(
        Props.Create<FileCertificateActor>(new CertificateFiles(settings), Rescan, _time, _log, new CertificateMetrics(_metrics.Factory, new PublishedCertificates(), _time)),
        new OneForOneStrategy(_ => Directive.Restart));

    // Virtual time never reaches the rescan, so it is the notification that does it. That comes when it comes.
    private void AwaitNotified(TestCertificate expected)
    {
        FileCertificatesLoaded? loaded = null;
        AwaitCondition(
            () =>
            {
                Scheduler.Advance(TimeSpan.FromMilliseconds(300));
                while (TryTell() is { } told)
                    loaded = told;
                return loaded?.Certificates.Any(certificate => certificate.Thumbprint == expected.Thumbprint) == true;
            },
            TimeSpan.FromSeconds(5),
            TimeSpan.FromMilliseconds(20));
    }

    private void Notify() => _actor.Tell(FilesChanged.Instance);

    /// <summary>Lets time pass, and answers the last that was told.</summary>
    private FileCertificatesLoaded? Pass(TimeSpan time, TimeSpan? step = null)
    {
        FileCertificatesLoaded? told = null;
        for (TimeSpan left = time; ; left -= step ?? time)
        {
            TimeSpan now = step ?? time;
            // All that was sent is handled before and after: an actor answers in turn.
            Settle();
            if (left > TimeSpan.Zero)
                _time.Advance(now);
            Scheduler.Advance(now);
            Settle();
            told = TryTell() ?? told;
            if (left - now <= TimeSpan.Zero)
                return told;
        }
    }

    private void Settle() => _actor.Ask<ActorIdentity>(new Identify(null), TimeSpan.FromSeconds(5)).Wait();

    private FileCertificatesLoaded? TryTell() => ReceiveOne(TimeSpan.Zero) as FileCertificatesLoaded;
}
