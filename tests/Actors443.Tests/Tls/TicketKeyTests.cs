using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Tls;
using Akka.Actor;
using Akka.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Tls;

public sealed class TicketKeyTests() : Akka.TestKit.Xunit2.TestKit("akka.scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\"")
{
    private static readonly TicketKeySettings Random = new() { Rotate = TimeSpan.FromHours(12), Keep = 2 };
    private static readonly TicketKeySettings Shared = Random with { SharedSecret = "a secret of at least thirty-two bytes" };

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 7, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_new_key_seals_and_the_last_ones_still_open()
    {
        TicketKeyRing ring = TicketKeyRing.Create(Random, _time);
        var names = new List<byte[]>();
        for (int rotation = 0; rotation < 5; rotation++)
        {
            names.Add(ring.Current.Name.ToArray());
            ring = ring.Next(Random, _time);
        }

        Assert.Equal(3, ring.Count);
        Assert.Equal([false, false, false, true, true], names.Select(name => ring.Find(name) is not null));
        Assert.DoesNotContain(names, name => ring.Current.Name.SequenceEqual(name));
    }

    [Fact]
    public void A_key_that_falls_out_is_zeroed_and_those_kept_are_not()
    {
        TicketKeyRing first = TicketKeyRing.Create(Random, _time);
        TicketKey oldest = first.Current;
        TicketKeyRing second = first.Next(Random, _time);
        TicketKeyRing third = second.Next(Random, _time);
        Assert.False(IsZero(oldest));

        TicketKeyRing fourth = third.Next(Random, _time);

        Assert.True(IsZero(oldest));
        Assert.False(IsZero(fourth.Current));
        Assert.False(IsZero(second.Current));
    }

    [Fact]
    public void The_same_secret_gives_the_same_keys_and_another_gives_others()
    {
        TicketKeyRing here = TicketKeyRing.Create(Shared, _time);
        TicketKeyRing there = TicketKeyRing.Create(Shared, _time);
        TicketKeyRing stranger = TicketKeyRing.Create(Shared with { SharedSecret = "another secret of thirty-two bytes or more" }, _time);

        Assert.True(here.Current.Name.SequenceEqual(there.Current.Name));
        Assert.True(here.Current.CipherKey.SequenceEqual(there.Current.CipherKey));
        Assert.True(here.Current.MacKey.SequenceEqual(there.Current.MacKey));
        Assert.Null(here.Find(stranger.Current.Name));
    }

    [Fact]
    public void A_server_whose_clock_is_behind_opens_the_tickets_of_the_next_period()
    {
        TicketKeyRing behind = TicketKeyRing.Create(Shared, _time);
        _time.Advance(TimeSpan.FromHours(5));
        TicketKeyRing ahead = TicketKeyRing.Create(Shared, _time);

        Assert.False(behind.Current.Name.SequenceEqual(ahead.Current.Name));
        Assert.NotNull(behind.Find(ahead.Current.Name));
        Assert.NotNull(ahead.Find(behind.Current.Name));
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero), behind.RotateAt);
    }

    [Fact]
    public void A_short_secret_is_refused_with_the_fix()
    {
        CertificateException problem = Assert.Throws<CertificateException>(() => TicketKeyRing.Create(Random with { SharedSecret = "short" }, _time));

        Assert.Contains("shorter than 32 bytes", problem.Message, StringComparison.Ordinal);
        Assert.Contains("openssl rand", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_actor_rotates_when_it_is_due()
    {
        var published = new PublishedTicketKeys(Random, _time);
        TicketKey first = published.Current.Current;
        Func<TicketKeySettings> settings = () => Random;
        IActorRef actor = Sys.ActorOf(Props.Create<TicketKeyActor>(settings, published, _time, NullLoggerFactory.Instance));
        for (int minutes = 0; minutes < (12 * 60) - 20; minutes += 10)
            Pass(actor, TimeSpan.FromMinutes(10));
        Assert.Same(first, published.Current.Current);

        AwaitCondition(
            () =>
            {
                Pass(actor, TimeSpan.FromMinutes(10));
                return published.Current.Current != first;
            },
            TimeSpan.FromSeconds(10));
        Assert.NotNull(published.Current.Find(first.Name));
    }

    private void Pass(IActorRef actor, TimeSpan span)
    {
        // It waits by then: the scheduler can lose what is added while it advances.
        actor.Tell(new Identify(null), TestActor);
        ExpectMsg<ActorIdentity>(TimeSpan.FromSeconds(10));
        _time.Advance(span);
        ((TestScheduler)Sys.Scheduler).Advance(span);
    }

    private static bool IsZero(TicketKey key) => !key.CipherKey.ContainsAnyExcept((byte)0) && !key.MacKey.ContainsAnyExcept((byte)0);
}
