using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Testing;
using Akka.Actor;
using Akka.TestKit;
using Microsoft.Extensions.Logging;

namespace Actors443.Tests.Certificates;

public sealed class LocalCaActorTests : Akka.TestKit.Xunit2.TestKit
{
    private readonly TemporaryFolder _state = new();
    private readonly RecordedLog _log = new();
    private readonly PublishedCertificates _published = new();
    private readonly IActorRef _actor;

    public LocalCaActorTests()
        : base("""akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit" """) =>
        _actor = ChildActorOf(
            Props.Create<LocalCaActor>(new LocalCaSettings(), _state.Path, _published, _log, TimeProvider.System, null),
            "local-ca",
            new OneForOneStrategy(_ => Directive.Restart));

    [Fact]
    public void A_name_set_that_is_bad_is_a_problem_and_the_others_are_issued()
    {
        LocalCertificatesIssued issued = Issue(["a.test"], ["not a name"], ["b.test"]);

        Assert.Equal(["a.test", "b.test"], issued.Certificates.SelectMany(certificate => certificate.Names));
        Assert.Contains("\"not a name\" is neither a host name nor an IP address", Assert.Single(issued.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_served_stays_the_same_object()
    {
        IReadOnlyList<ServerCertificate> first = Issue(["a.test"]).Certificates;
        _published.Publish(new CertificateIndex(1, first, null, DateTimeOffset.UtcNow));

        Assert.Same(first[0], Assert.Single(Issue(["a.test"]).Certificates));
    }

    [Fact]
    public void A_request_that_crashes_it_is_tried_again_after_a_pause()
    {
        // Nothing that comes from settings crashes it, so no set at all.
        _actor.Tell(new IssueLocalCertificates([null!]), TestActor);

        for (int crashes = 1; crashes < 4; crashes++)
        {
            AwaitAssert(() => Assert.Equal(crashes, _log.Of(LogLevel.Error).Count), TimeSpan.FromSeconds(10));
            ((TestScheduler)Sys.Scheduler).Advance(TimeSpan.FromSeconds(1));
        }

        Assert.StartsWith("local-ca failed and starts again in 00:00:01;", _log.Of(LogLevel.Error)[0], StringComparison.Ordinal);
        Assert.Single(Issue(["a.test"]).Certificates);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _log.Dispose();
        _state.Dispose();
    }

    private LocalCertificatesIssued Issue(params IReadOnlyList<string>[] names)
    {
        _actor.Tell(new IssueLocalCertificates(names), TestActor);
        return ExpectMsg<LocalCertificatesIssued>(TimeSpan.FromSeconds(10));
    }
}
