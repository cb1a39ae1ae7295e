using System.Collections.Concurrent;
using System.Net;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Tls;
using Actors443.Tls.Deciding;
using Akka.Actor;

namespace Actors443.Acme.OnDemand;

/// <summary>
/// Holds handshakes for names that may have a certificate on demand and have none. Asked by every connection on its own thread, so all that it needs is
/// here and published by the <see cref="OnDemandActor"/>; for names that are served it costs one lookup. Thread-safe.
/// </summary>
internal sealed class OnDemandGate(PublishedCertificates published, AcmeMetrics metrics, TimeProvider time) : IHandshakeDecider
{
    /// <summary>Names refused that are remembered; beyond, the actor is asked again.</summary>
    private const int RefusedAtMost = 100_000;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _refused = new();
    private readonly ConcurrentDictionary<string, LastAsked> _names = new();
    private volatile Way? _way;
    private int _waiting;

    /// <summary>Handshakes that wait.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>From now on with these settings; null: nothing is ordered on demand.</summary>
    public void Open(AcmeOnDemandSettings? settings, IActorRef actor)
    {
        _refused.Clear();
        _way = settings is null ? null : new Way(settings, actor);
    }

    /// <summary>Whether the name is served with a certificate that was not made here for want of another.</summary>
    public bool IsServed(string name) => published.Current.Find(name, CertificateKeyKinds.Any) is { } found && found.Source != LocalCa.SourceName;

    public HandshakeReply? Decide(HandshakeHello hello)
    {
        if (_way is null || hello.ServerName is not { } name)
            return null;
        AskedFor(name);
        return Want(name, hello.Remote.Address);
    }

    /// <summary>A client asks for a name, here or at another node of the cluster. Null: nobody need wait, it is served or it gets no certificate.</summary>
    public HandshakeReply? Want(string name, IPAddress client)
    {
        if (_way is not { } way)
            return null;
        if (IsServed(name) || !way.Settings.Lists(name) || IsRefused(name))
            return null;
        if (Interlocked.Increment(ref _waiting) > way.Settings.Waiting)
        {
            Answered();
            return Refuse(new HandshakeReply(), OnDemandOutcome.Busy, "too many handshakes wait for certificates on demand (certificates.acme.on-demand.waiting)");
        }

        var reply = new HandshakeReply { Patience = way.Settings.Wait };
        way.Actor.Tell(new CertificateWanted(name, client, reply), ActorRefs.NoSender);
        return reply;
    }

    /// <summary>Notes the day, of a watched name.</summary>
    public void AskedFor(string name)
    {
        if (_names.TryGetValue(name, out LastAsked? asked))
            asked.On(time.GetUtcNow());
    }

    /// <summary>The names that were asked for on that day or later.</summary>
    public IReadOnlyList<string> AskedForSince(DateTimeOffset day) => [.. _names.Where(name => name.Value.Day >= day).Select(name => name.Key)];

    /// <summary>Does not hold handshakes for this name until then.</summary>
    public void RefuseUntil(string name, DateTimeOffset until)
    {
        if (_refused.Count >= RefusedAtMost)
            _refused.Clear();
        _refused[name] = until;
    }

    public void Watch(string name, DateTimeOffset lastAsked) => _names[name] = new LastAsked(lastAsked);

    public void Unwatch(string name) => _names.TryRemove(name, out _);

    /// <summary>When a watched name was asked for, to the day.</summary>
    public DateTimeOffset? LastAskedFor(string name) => _names.TryGetValue(name, out LastAsked? asked) ? asked.Day : null;

    /// <summary>One of those that waited does not any more.</summary>
    public void Answered() => Interlocked.Decrement(ref _waiting);

    public HandshakeReply Refuse(HandshakeReply reply, OnDemandOutcome outcome, string detail)
    {
        metrics.OnDemand(outcome);
        reply.Refuse(CloseReason.NoCertificate, TlsAlert.InternalError, detail);
        return reply;
    }

    private bool IsRefused(string name)
    {
        if (!_refused.TryGetValue(name, out DateTimeOffset until))
            return false;
        if (until > time.GetUtcNow())
            return true;
        _refused.TryRemove(name, out _);
        return false;
    }

    private sealed record Way(AcmeOnDemandSettings Settings, IActorRef Actor);

    private sealed class LastAsked(DateTimeOffset day)
    {
        private long _day = day.UtcTicks / TimeSpan.TicksPerDay;

        public DateTimeOffset Day => new(Volatile.Read(ref _day) * TimeSpan.TicksPerDay, TimeSpan.Zero);

        public void On(DateTimeOffset now)
        {
            long today = now.UtcTicks / TimeSpan.TicksPerDay;
            // Written once a day, not at each handshake: others read it.
            if (Volatile.Read(ref _day) != today)
                Volatile.Write(ref _day, today);
        }
    }
}

/// <summary>What became of a handshake that waited for a certificate.</summary>
internal enum OnDemandOutcome
{
    /// <summary>It goes on with the certificate.</summary>
    Served,

    /// <summary>The name may not have one; it goes on as with any unknown name.</summary>
    Denied,

    /// <summary>Nobody could be asked, or the order failed.</summary>
    Failed,

    /// <summary>Too many wait already.</summary>
    Busy,

    /// <summary>The client has gone, or waited too long.</summary>
    Abandoned,
}
