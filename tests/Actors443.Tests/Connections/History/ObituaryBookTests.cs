using System.Net;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.History;

namespace Actors443.Tests.Connections.History;

public sealed class ObituaryBookTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly ObituaryBook _book = new();
    private int _ids;

    public ObituaryBookTests() => _book.Apply(new ObituarySettings { Kept = 6, PerClient = 3, KeptFor = TimeSpan.FromMinutes(10) });

    [Fact]
    public void A_client_has_its_last_few_and_takes_nobody_elses_place()
    {
        Add("192.0.2.1");
        for (int times = 0; times < 100; times++)
            Add("192.0.2.2");

        ConnectionHistory loud = Tell("192.0.2.2");
        Assert.Equal((3, 97), (loud.Matched, loud.Forgotten));
        Assert.Equal(["id-100", "id-99", "id-98"], loud.Ended.Select(ended => ended.Last.Id));
        Assert.Equal((1, 0), (Tell("192.0.2.1").Matched, Tell("192.0.2.1").Forgotten));
    }

    [Fact]
    public void A_network_of_IPv6_is_one_client()
    {
        for (int host = 1; host <= 5; host++)
            Add($"2001:db8::{host}");

        Assert.Equal((3, 2), (Tell("2001:db8::/64").Matched, Tell("2001:db8::/64").Forgotten));
    }

    [Fact]
    public void The_oldest_of_all_make_room_and_a_client_of_which_nothing_is_left_begins_anew()
    {
        for (int client = 1; client <= 8; client++)
            Add($"192.0.2.{client}");

        Assert.Equal(6, Tell("").Matched);
        Assert.Equal(0, Tell("192.0.2.2").Matched);
        Add("192.0.2.2");
        Assert.Equal((1, 0), (Tell("192.0.2.2").Matched, Tell("192.0.2.2").Forgotten));
    }

    [Fact]
    public void What_is_too_old_is_forgotten()
    {
        Add("192.0.2.1");
        Add("192.0.2.2", Start + TimeSpan.FromMinutes(9));
        _book.Add(new ClientRefusals(IPNetwork.Parse("192.0.2.3/32"), CloseReason.ClientBanned, 5, Start, Start));

        Assert.Equal((2, 1), (Tell("", Start + TimeSpan.FromMinutes(9)).Matched, Tell("", Start + TimeSpan.FromMinutes(9)).Refused.Count));
        Assert.Equal((1, 0), (Tell("", Start + TimeSpan.FromMinutes(11)).Matched, Tell("", Start + TimeSpan.FromMinutes(11)).Refused.Count));
    }

    [Fact]
    public void Fewer_to_be_kept_take_effect_at_once()
    {
        for (int client = 1; client <= 6; client++)
            Add($"192.0.2.{client}");

        _book.Apply(new ObituarySettings { Kept = 2, PerClient = 3 });

        Assert.Equal(2, Tell("").Matched);
        Assert.Equal(1, Tell("192.0.2.6").Matched);
    }

    [Fact]
    public void Refusals_of_a_client_add_up_and_the_longest_ago_make_room()
    {
        for (int client = 1; client <= 6; client++)
            _book.Add(Refusals($"192.0.2.{client}/32", client));
        _book.Add(Refusals("192.0.2.6/32", 7));

        RefusedClient last = Tell("").Refused[0];
        Assert.Equal(("192.0.2.6", 4L, Start.AddSeconds(6), Start.AddSeconds(7)), (last.Client, last.Count, last.First, last.Last));
        _book.Add(Refusals("192.0.2.7/32", 8));
        Assert.Empty(Tell("192.0.2.1").Refused);
        Assert.Single(Tell("192.0.2.2").Refused);

        static ClientRefusals Refusals(string client, int second) => new(IPNetwork.Parse(client), CloseReason.ClientBanned, 2, Start.AddSeconds(second), Start.AddSeconds(second));
    }

    [Fact]
    public void Reasons_are_counted_the_most_frequent_first()
    {
        Add("192.0.2.1", reason: CloseReason.NotTls);
        Add("192.0.2.2", reason: CloseReason.HandshakeTimeout);
        Add("192.0.2.3", reason: CloseReason.HandshakeTimeout);

        Assert.Equal([("handshake_timeout", 2), ("not_tls", 1)], Tell("").Reasons.Select(reason => (reason.Reason, reason.Count)));
    }

    private void Add(string client, DateTimeOffset? at = null, CloseReason reason = CloseReason.ClientReset)
    {
        string id = $"id-{_ids++}";
        var remote = new IPEndPoint(IPAddress.Parse(client), 1234);
        var last = new ConnectionSnapshot
        {
            Id = id,
            Listener = "https-443",
            State = ConnectionState.Closed,
            Remote = remote,
            Age = TimeSpan.FromSeconds(1),
            Idle = TimeSpan.Zero,
            Requests = 0,
            RequestsInFlight = 0,
            BytesRead = 0,
            BytesWritten = 0,
        };
        _book.Add(new Obituary(id, at ?? Start, remote, reason, null, last, []));
    }

    private ConnectionHistory Tell(string subject, DateTimeOffset? now = null)
    {
        Assert.True(HistorySubject.TryParse(subject, out HistorySubject? whose, out _));
        return _book.Tell(whose, 10, now ?? Start, _ => null);
    }
}
