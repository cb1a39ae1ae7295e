using Actors443.Certificates;
using Actors443.Cluster;
using Actors443.Cluster.Identity;
using Actors443.Cluster.TicketKeys;
using Actors443.Configuration;
using Actors443.Tls;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Cluster;

/// <summary>How a node comes to the ticket keys of its cluster: here one of a single node.</summary>
public sealed class TicketKeyReplicaTests : OneNodeTestKit
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly SealedRegister _register = new("ticket-keys", new ClusterSeal(new ClusterKeys("a secret of the cluster in tests, long enough"u8)));
    private readonly TicketKeySettings _settings = new();

    [Fact]
    public async Task They_are_there_as_soon_as_somebody_makes_them_and_not_before_it_has_joined()
    {
        StartReplica(Long);
        await ExpectNoMsgAsync(TimeSpan.FromMilliseconds(300));
        await JoinAsync();
        StartAuthority();

        UseClusterTicketKeys use = await ExpectMsgAsync<UseClusterTicketKeys>(Long);

        Assert.Equal(1, use.Keys.Generation);
        await ExpectNoMsgAsync(TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task One_that_has_none_in_time_says_so_once_and_takes_them_later()
    {
        StartReplica(TimeSpan.FromMilliseconds(200));
        await JoinAsync();

        ClusterTicketKeysLate late = await ExpectMsgAsync<ClusterTicketKeysLate>(Long);
        Assert.Equal(TimeSpan.FromMilliseconds(200), late.After);
        await ExpectNoMsgAsync(TimeSpan.FromMilliseconds(500));

        StartAuthority();
        await ExpectMsgAsync<UseClusterTicketKeys>(Long);
    }

    [Fact]
    public async Task A_node_is_not_ready_before_it_has_them_or_has_waited_in_vain()
    {
        var time = new FakeTimeProvider();
        var published = new PublishedTicketKeys(_settings, time);
        IActorRef actor = Sys.ActorOf(Props.Create<TicketKeyActor>(() => _settings, published, time, NullLoggerFactory.Instance));
        Assert.Equal(new ClusterKeysState(0, AreAwaited: true), published.OfCluster);

        actor.Tell(new ClusterTicketKeysLate(Long));
        await AwaitAssertAsync(() => Assert.Equal(ClusterKeysState.Own, published.OfCluster));
        actor.Tell(new UseClusterTicketKeys(ClusterTicketKeys.First(time.GetUtcNow(), _settings.Rotate)));
        await AwaitAssertAsync(() => Assert.Equal(new ClusterKeysState(1, AreAwaited: false), published.OfCluster));
        actor.Tell(new ClusterTicketKeysLate(Long));
        // Nobody has made others for so long that this node goes on by itself.
        time.Advance(4 * _settings.Rotate);
        actor.Tell(RotateTicketKeys.Instance);
        await AwaitAssertAsync(() => Assert.Equal(ClusterKeysState.Own, published.OfCluster));
    }

    [Fact]
    public async Task With_a_secret_that_is_set_meanwhile_the_keys_are_made_of_that()
    {
        var time = new FakeTimeProvider();
        TicketKeySettings settings = _settings;
        var published = new PublishedTicketKeys(settings, time);
        Func<TicketKeySettings> now = () => settings;
        IActorRef actor = Sys.ActorOf(Props.Create<TicketKeyActor>(now, published, time, NullLoggerFactory.Instance));
        actor.Tell(new UseClusterTicketKeys(ClusterTicketKeys.First(time.GetUtcNow(), settings.Rotate)));
        await AwaitAssertAsync(() => Assert.Equal(1, published.OfCluster.Generation));

        settings = settings with { SharedSecret = "a secret that is shared by servers, long enough" };
        actor.Tell(RotateTicketKeys.Instance);

        await AwaitAssertAsync(() => Assert.Equal(ClusterKeysState.Own, published.OfCluster));
        Assert.Equal(TicketKeyRing.Create(settings, time).Current.Name.ToArray(), published.Current.Current.Name.ToArray());
    }

    private void StartReplica(TimeSpan patience) => Sys.ActorOf(Props.Create<TicketKeyReplicaActor>(_register, TestActor, patience, NullLoggerFactory.Instance));

    private void StartAuthority()
    {
        Func<TicketKeySettings> settings = () => _settings;
        Sys.ActorOf(Props.Create<TicketKeyAuthorityActor>(settings, _register, TimeProvider.System, NullLoggerFactory.Instance));
    }
}
