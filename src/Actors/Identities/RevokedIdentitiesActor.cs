using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Identities;

/// <summary>
/// <c>/user/actors443/revoked</c>: keeps who is revoked, on disk and published, and has what is live of them cut. If it fails, what was published stays in force, and the next
/// instance goes on from there.
/// </summary>
internal sealed class RevokedIdentitiesActor : UntypedActor
{
    /// <summary>Of all facts as text: other nodes must be told them in one frame of Akka.Remote.</summary>
    private const int MostText = 1024 * 1024;

    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private static readonly Task<IdentitiesCut> Nothing = Task.FromResult(new IdentitiesCut(0, 0));

    private readonly RevokedIdentities _published;
    private readonly RevocationFile _file;
    private readonly IActorRef _directory;
    private readonly IActorRef _tunnels;
    private readonly RevocationMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Dictionary<(IdentityKind, string), RevocationFact> _facts = [];
    private string? _problem;

    /// <param name="published">Where handshakes, tunnels and connections look.</param>
    /// <param name="stateDirectory">Where it is kept.</param>
    /// <param name="directory">Has the connections cut.</param>
    /// <param name="tunnels">Has the tunnels cut.</param>
    /// <param name="metrics">Count what was cut.</param>
    /// <param name="loggers">Make the log.</param>
    /// <param name="time">The clock of <see cref="RevocationFact.At"/>.</param>
    public RevokedIdentitiesActor(RevokedIdentities published, string stateDirectory, IActorRef directory, IActorRef tunnels, RevocationMetrics metrics, ILoggerFactory loggers, TimeProvider time)
    {
        _published = published;
        _file = new RevocationFile(stateDirectory);
        _directory = directory;
        _tunnels = tunnels;
        _metrics = metrics;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Connections);
    }

    protected override void PreStart()
    {
        try
        {
            IReadOnlyList<RevocationFact> kept = _file.Read();
            Learn([.. _published.Facts, .. kept]);
            _published.Publish([.. _facts.Values]);
        }
        catch (Exception cause) when (cause is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // Whom to refuse is not known: the server does not start.
            _problem = cause is InvalidDataException ? cause.Message : $"{_file.Path} cannot be read ({cause.Message}); it says who is revoked, make it readable for the server.";
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case AwaitRevokedIdentities:
                Sender.Tell(new RevokedIdentitiesReady(_problem));
                break;
            case ChangeIdentity change:
                OnChange(change);
                break;
            case ApplyFacts apply:
                Apply([.. apply.Facts.Select(text => RevocationFact.TryDecode(text, out RevocationFact? fact) ? fact : null).OfType<RevocationFact>()]).PipeTo(Sender, Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnChange(ChangeIdentity change)
    {
        (IdentityKind, string) key = (change.Identity.Kind, change.Identity.Id);
        RevocationFact? known = _facts.GetValueOrDefault(key);
        if (!change.Revoked && known is not { Revoked: true })
        {
            Sender.Tell(new IdentityChanged(null, Nothing));
            return;
        }

        DateTimeOffset now = _time.GetUtcNow();
        var fact = new RevocationFact
        {
            Kind = change.Identity.Kind,
            Id = change.Identity.Id,
            Revoked = change.Revoked,
            Reason = change.Revoked ? change.Reason : null,
            At = now,
            Version = Math.Max(now.ToUnixTimeMilliseconds(), (known?.Version ?? 0) + 1),
        };
        if (change.Revoked && _facts.Values.Sum(other => other.Encode().Length) + fact.Encode().Length > MostText)
        {
            Sender.Tell(new IdentityChanged(null, Nothing, $"{_facts.Count} identities are kept, as many as can be; shorten the list with 'actors443 revoke undo', or give the CA's CRL the certificates (client-certificates.crl)"));
            return;
        }

        if (change.Revoked)
            _log.IdentityRevoked(change.Identity, change.Reason);
        else
            _log.RevocationUndone(change.Identity);
        var cut = new TaskCompletionSource<IdentitiesCut>(TaskCreationOptions.RunContinuationsAsynchronously);
        // The other nodes are told meanwhile.
        Sender.Tell(new IdentityChanged(fact, cut.Task));
        Apply([fact]).ContinueWith(static (done, cut) => ((TaskCompletionSource<IdentitiesCut>)cut!).SetFromTask(done), cut, TaskScheduler.Default);
    }

    private Task<IdentitiesCut> Apply(IReadOnlyList<RevocationFact> facts)
    {
        List<RevocationFact> news = Learn(facts);
        if (news.Count == 0)
            return Nothing;
        _published.Publish([.. _facts.Values]);
        RevokedIdentity[] revoked = [.. news.Where(fact => fact.Revoked).Select(fact => fact.ToRevoked())];
        Task<IdentitiesCut> cut = revoked.Length == 0 ? Nothing : CutAsync(new RevokedSet(revoked));
        Context.System.EventStream.Publish(RevocationFactsChanged.Instance);
        // What is open does not wait for the disk.
        return Keep() is { } problem ? WithAsync(cut, problem) : cut;

        static async Task<IdentitiesCut> WithAsync(Task<IdentitiesCut> cut, string problem) => await cut with { Problem = problem };
    }

    private List<RevocationFact> Learn(IEnumerable<RevocationFact> facts)
    {
        var news = new List<RevocationFact>();
        foreach (RevocationFact fact in facts)
        {
            if (!fact.Supersedes(_facts.GetValueOrDefault(fact.Key)))
                continue;
            _facts[fact.Key] = fact;
            news.Add(fact);
        }

        return news;
    }

    private string? Keep()
    {
        try
        {
            _file.Write(_facts.Values);
            return null;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // In force all the same; only a restart would miss it.
            _log.CannotKeepRevocations(_file.Path, cause.Message);
            return $"in force, but {_file.Path} cannot be written ({cause.Message.TrimEnd('.')}): a restart would forget it";
        }
    }

    private async Task<IdentitiesCut> CutAsync(RevokedSet revoked)
    {
        try
        {
            return await CutAllAsync(revoked);
        }
        catch (AskTimeoutException late)
        {
            _log.NotCutInTime(late);
            return new IdentitiesCut(0, 0, "in force, but not all connections could be asked in time: what was cut is not known");
        }
    }

    private async Task<IdentitiesCut> CutAllAsync(RevokedSet revoked)
    {
        // Counted before either is cut: one ends with the other.
        int tunnels = await _tunnels.Ask<int>(new CountTunnels(revoked), AnswerWithin);
        var cut = new IdentitiesCut(await _directory.Ask<int>(new CutIdentities(revoked), AnswerWithin), tunnels);
        // Sessions, which outlive connections, and those that another's connection carries.
        await _tunnels.Ask<int>(new CutTunnels(revoked), AnswerWithin);
        _metrics.Cut(cut);
        foreach (RevokedIdentity one in revoked.All)
            _log.IdentityCut(one.Identity, cut.Connections, cut.Tunnels);
        return cut;
    }
}
