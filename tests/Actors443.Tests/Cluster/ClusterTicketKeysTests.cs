using Actors443.Certificates;
using Actors443.Cluster.TicketKeys;
using Actors443.Configuration;
using Actors443.Testing;
using Actors443.Tls;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Cluster;

public sealed class ClusterTicketKeysTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Rotate = TimeSpan.FromHours(12);
    private static readonly DateTimeOffset Start = new(2026, 11, 29, 7, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_key_is_there_an_interval_before_it_seals()
    {
        ClusterTicketKeys keys = ClusterTicketKeys.First(Start, Rotate);
        ClusterTicketKey ahead = keys.Keys[0];
        Assert.NotSame(ahead, keys.SealingAt(Start));
        Assert.Equal(Start + Rotate, keys.NextDue);

        ClusterTicketKeys next = keys.Next(Start + Rotate, Rotate, keep: 2);
        Assert.Same(ahead, next.SealingAt(Start + Rotate));
        Assert.Equal(Start + (2 * Rotate), next.NextDue);
        Assert.Equal(2, next.Generation);
    }

    [Fact]
    public void Former_keys_open_for_as_long_as_they_are_kept()
    {
        ClusterTicketKeys keys = ClusterTicketKeys.First(Start, Rotate);
        DateTimeOffset now = Start;
        for (int rotation = 0; rotation < 10; rotation++)
        {
            now += Rotate;
            keys = keys.Next(now, Rotate, keep: 2);
        }

        // One ahead, one that seals, two that open.
        Assert.Equal(4, keys.Keys.Count);
        Assert.Equal(now, keys.SealingAt(now).SealFrom);
    }

    [Fact]
    public void After_a_pause_of_the_cluster_the_key_ahead_still_has_its_interval()
    {
        DateTimeOffset late = Start + (5 * Rotate);
        ClusterTicketKeys keys = ClusterTicketKeys.First(Start, Rotate).Next(late, Rotate, keep: 2);

        Assert.Equal(late + Rotate, keys.NextDue);
    }

    [Fact]
    public void What_was_encoded_is_decoded_and_anything_else_is_not()
    {
        ClusterTicketKeys keys = ClusterTicketKeys.First(Start, Rotate);
        byte[] bytes = keys.Encode();

        ClusterTicketKeys read = ClusterTicketKeys.Decode([.. bytes], 5)!;
        Assert.Equal(5, read.Generation);
        Assert.Equal(keys.Keys.Select(key => (key.SealFrom, Convert.ToHexString(key.Key.Name))), read.Keys.Select(key => (key.SealFrom, Convert.ToHexString(key.Key.Name))));
        Assert.Null(ClusterTicketKeys.Decode(bytes[..^1], 5));
        Assert.Null(ClusterTicketKeys.Decode([], 5));
        bytes[0] = 9;
        Assert.Null(ClusterTicketKeys.Decode(bytes, 5));
    }

    [Fact]
    public async Task A_node_seals_with_the_clusters_key_and_still_opens_what_its_own_has_sealed()
    {
        var time = new FakeTimeProvider(Start);
        var settings = new TicketKeySettings { Rotate = Rotate };
        var published = new PublishedTicketKeys(settings, time);
        TicketKey own = published.Current.Current;
        IActorRef actor = Sys.ActorOf(Props.Create<TicketKeyActor>(() => settings, published, time, NullLoggerFactory.Instance));
        ClusterTicketKeys keys = ClusterTicketKeys.First(Start, Rotate);

        actor.Tell(new UseClusterTicketKeys(keys));
        await Eventually.HoldsAsync(() => Task.FromResult(published.Current.Current == keys.Keys[1].Key), "the cluster's key seals");

        Assert.Same(own, published.Current.Find(own.Name));
        Assert.NotNull(published.Current.Find(keys.Keys[0].Key.Name));
        Assert.Equal(Start + Rotate, published.Current.RotateAt);
    }

    [Fact]
    public async Task Without_a_new_key_for_two_intervals_a_node_goes_on_with_its_own()
    {
        var time = new FakeTimeProvider(Start);
        var settings = new TicketKeySettings { Rotate = Rotate };
        var published = new PublishedTicketKeys(settings, time);
        IActorRef actor = Sys.ActorOf(Props.Create<TicketKeyActor>(() => settings, published, time, NullLoggerFactory.Instance));
        ClusterTicketKeys keys = ClusterTicketKeys.First(Start, Rotate);
        actor.Tell(new UseClusterTicketKeys(keys));
        await Eventually.HoldsAsync(() => Task.FromResult(published.Current.Current == keys.Keys[1].Key), "the cluster's key seals");

        time.Advance(3 * Rotate);
        actor.Tell(RotateTicketKeys.Instance);

        await Eventually.HoldsAsync(() => Task.FromResult(keys.Keys.All(key => key.Key != published.Current.Current)), "a key of its own seals");
    }
}
