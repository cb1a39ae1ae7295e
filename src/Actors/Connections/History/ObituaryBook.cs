using System.Net;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Engine;

namespace Actors443.Connections.History;

/// <summary>
/// The ends of connections of the last hour or so: as many as are kept at all, and of one client no more than a few, so that nobody can crowd out the others' from one address. Not thread-safe.
/// </summary>
internal sealed class ObituaryBook
{
    // Whoever has one address of IPv6 has the other 2^64 of its network, too.
    private const int Ipv4Mask = 32;
    private const int Ipv6Mask = 64;

    private readonly LinkedList<Obituary> _entries = new();
    private readonly Dictionary<ClientKey, Client> _clients = [];
    private readonly Dictionary<IPNetwork, ClientRefusals> _refusals = [];
    private ObituarySettings _settings = new();

    /// <summary>Oldest first.</summary>
    public IReadOnlyCollection<Obituary> Entries => _entries;

    public void Apply(ObituarySettings settings)
    {
        _settings = settings;
        while (_entries.Count > settings.Kept)
            Forget(_entries.First!.Value);
    }

    public void Add(Obituary obituary)
    {
        ForgetOld(obituary.EndedAt);
        ClientKey key = KeyOf(obituary);
        if (!_clients.TryGetValue(key, out Client? client))
            _clients.Add(key, client = new Client());
        else if (client.Entries.Count >= _settings.PerClient)
        {
            _entries.Remove(client.Entries.Dequeue());
            client.Forgotten++;
        }

        if (_entries.Count >= _settings.Kept)
            Forget(_entries.First!.Value);
        // The client may have been the one to go.
        _clients.TryAdd(key, client);
        client.Entries.Enqueue(_entries.AddLast(obituary));
    }

    public void Add(ClientRefusals refusals)
    {
        if (_refusals.TryGetValue(refusals.Client, out ClientRefusals? earlier))
            refusals = refusals with { Count = refusals.Count + earlier.Count, First = earlier.First };
        else if (_refusals.Count >= _settings.Kept)
            ForgetRefusals(_refusals.Values.Select(entry => entry.Last).Order().ElementAt(_refusals.Count / 10));
        _refusals[refusals.Client] = refusals;
    }

    /// <param name="subject">Whose.</param>
    /// <param name="count">How many to tell of, at most.</param>
    /// <param name="now">Wall-clock time.</param>
    /// <param name="bannedFor">How long clients of a network are banned from now.</param>
    public ConnectionHistory Tell(HistorySubject subject, int count, DateTimeOffset now, Func<IPNetwork, TimeSpan?> bannedFor)
    {
        ForgetOld(now);
        ForgetRefusals(now - _settings.KeptFor);
        List<Obituary> matched = [.. _entries.Reverse().Where(subject.IsOf)];
        return new ConnectionHistory
        {
            Matched = matched.Count,
            Ended = [.. matched.Take(count).Select(EndedConnection.Of)],
            Forgotten = matched.Select(KeyOf).Distinct().Sum(key => _clients[key].Forgotten),
            Reasons =
            [
                .. matched.CountBy(obituary => obituary.Reason).OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key)
                    .Select(entry => new ReasonCount(entry.Key.ToTag(), entry.Value, CloseReasonStory.Of(entry.Key).Meaning)),
            ],
            Refused = [.. _refusals.Values.Where(refusals => subject.IsOf(refusals.Client)).OrderByDescending(refusals => refusals.Last).Take(count).Select(refusals => Report(refusals, bannedFor(refusals.Client)))],
            KeptSeconds = _settings.KeptFor.TotalSeconds,
        };
    }

    private static RefusedClient Report(ClientRefusals refusals, TimeSpan? bannedFor)
    {
        CloseReasonStory story = CloseReasonStory.Of(refusals.Reason);
        bool isOne = refusals.Client == PlainAddress.NetworkOf(refusals.Client.BaseAddress);
        string client = isOne ? refusals.Client.BaseAddress.ToString() : refusals.Client.ToString();
        return new RefusedClient(null, client, refusals.Reason.ToTag(), story.Meaning, story.Advice, refusals.Count, refusals.First, refusals.Last, bannedFor?.TotalSeconds);
    }

    private static ClientKey KeyOf(Obituary obituary) => ClientKey.Of(obituary.Remote.Address, Ipv4Mask, Ipv6Mask);

    private void ForgetOld(DateTimeOffset now)
    {
        DateTimeOffset before = now - _settings.KeptFor;
        while (_entries.First is { } oldest && oldest.Value.EndedAt < before)
            Forget(oldest.Value);
    }

    private void ForgetRefusals(DateTimeOffset until)
    {
        foreach (ClientRefusals refusals in _refusals.Values.Where(refusals => refusals.Last <= until).ToList())
            _refusals.Remove(refusals.Client);
    }

    // The oldest of all is the oldest of its client.
    private void Forget(Obituary oldest)
    {
        _entries.RemoveFirst();
        ClientKey key = KeyOf(oldest);
        Client client = _clients[key];
        client.Entries.Dequeue();
        if (client.Entries.Count == 0)
            _clients.Remove(key);
    }

    private sealed class Client
    {
        public Queue<LinkedListNode<Obituary>> Entries { get; } = new();

        public long Forgotten { get; set; }
    }
}
