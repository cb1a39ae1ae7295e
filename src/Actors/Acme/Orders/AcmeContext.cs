using System.Net;
using Actors443.Acme.Challenges;
using Actors443.Acme.Dns;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Protocol;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Dns.Upstreams;
using Actors443.Telemetry;

namespace Actors443.Acme.Orders;

/// <summary>What outlives a change of settings.</summary>
/// <param name="StateDirectory">Of the server.</param>
/// <param name="Challenges">What our ports answer.</param>
/// <param name="Published">What is served: a certificate that is loaded again stays the same object, and with it its TLS sessions.</param>
/// <param name="Statuses">For people and metrics.</param>
/// <param name="Metrics">Counts.</param>
/// <param name="Time">The clock.</param>
/// <param name="Loggers">Make the log.</param>
/// <param name="Dns">The embedder's own provider; null: that of the settings.</param>
/// <param name="AnswersHttp">Whether we listen on port 80.</param>
/// <param name="OnDemand">Holds handshakes for names that may have a certificate and have none.</param>
/// <param name="Permissions">The embedder's own say on which may.</param>
internal sealed record AcmeParts(
    string StateDirectory,
    ChallengeAnswers Challenges,
    PublishedCertificates Published,
    NameSetStatuses Statuses,
    AcmeMetrics Metrics,
    TimeProvider Time,
    ILoggerFactory Loggers,
    IDnsChallengeProvider? Dns,
    bool AnswersHttp,
    OnDemandGate OnDemand,
    IReadOnlyList<ICertificatePermission> Permissions)
{
    /// <summary>Completes once the listeners are there: a CA that validates sooner would find nobody.</summary>
    public Task Serving { get; init; } = Task.CompletedTask;

    /// <summary>Has the other nodes of a cluster keep what is kept here.</summary>
    public IAcmeReplication Replication { get; init; } = NoReplication.Instance;
}

/// <summary>What all orders under the same settings share. Thread-safe; disposed of when the last of them has stopped.</summary>
internal sealed class AcmeContext : IDisposable
{
    private static readonly TimeSpan DnsTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenLookups = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(string Name, bool Staging), IssuerAccount> _accounts = [];
    private readonly DnsTxtLookup _lookup;

    public AcmeContext(AcmeSettings settings, AcmeParts parts)
    {
        Settings = settings;
        Parts = parts;
        Log = parts.Loggers.CreateLogger(LogCategories.Acme);
        Dns = parts.Dns ?? MakeProvider(settings.Dns);
        _lookup = new DnsTxtLookup(settings.Dns.Resolvers.Count > 0 ? settings.Dns.Resolvers : SystemResolvers(), DnsTimeout);
        Types = [.. settings.Challenges.Where(type => type != AcmeChallengeType.Http01 || parts.AnswersHttp).Where(type => type != AcmeChallengeType.Dns01 || Dns is not null)];
        foreach (AcmeIssuerSettings issuer in settings.Issuers)
        {
            _accounts[(issuer.Name, false)] = new IssuerAccount(issuer, staging: false, settings, parts.StateDirectory, parts.Replication, parts.Time, parts.Metrics, Log);
            if (issuer.Staging is not null)
                _accounts[(issuer.Name, true)] = new IssuerAccount(issuer, staging: true, settings, parts.StateDirectory, parts.Replication, parts.Time, parts.Metrics, Log);
        }
    }

    public AcmeSettings Settings { get; }

    public AcmeParts Parts { get; }

    public ILogger Log { get; }

    /// <summary>Types of challenges that we can answer, in the order they are tried.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>Null: dns-01 is not answered.</summary>
    public IDnsChallengeProvider? Dns { get; }

    /// <summary>So that a thousand certificates do not ask for renewal information at once.</summary>
    public SemaphoreSlim AskingRenewal { get; } = new(4);

    /// <summary>Certificates are ordered for names that clients ask for.</summary>
    public bool IsOnDemand => Settings.OnDemand.IsOn || Parts.Permissions.Count > 0;

    public DateTimeOffset Now => Parts.Time.GetUtcNow();

    public AcmeIssuerSettings? Issuer(string? name) => Settings.Issuers.FirstOrDefault(issuer => issuer.Name == name);

    public IssuerAccount Account(string issuer, bool staging) => _accounts[(issuer, staging)];

    /// <summary>Waits until a TXT record can be seen where the settings want it seen.</summary>
    /// <exception cref="DnsChallengeException">It was not in time.</exception>
    public async Task AwaitSeenAsync(DnsChallengeRecord record, CancellationToken cancellationToken)
    {
        if (Settings.Dns.Check == AcmeDnsCheck.Off)
            return;
        long start = Parts.Time.GetTimestamp();
        while (true)
        {
            IReadOnlyList<DnsTxtAnswer> answers = Settings.Dns.Check == AcmeDnsCheck.Zone
                ? await _lookup.AskZoneAsync(record.Name, cancellationToken)
                : await _lookup.AskResolversAsync(record.Name, cancellationToken);
            DnsTxtAnswer[] missing = [.. answers.Where(answer => !answer.Values.Contains(record.Value))];
            if (answers.Count > 0 && missing.Length == 0)
                return;
            if (Parts.Time.GetElapsedTime(start) > Settings.Dns.PropagationTimeout)
            {
                throw new DnsChallengeException(missing.Length == 0
                    ? "There is no resolver to ask; write certificates.acme.dns.resolvers, or check = off."
                    : $"The TXT record {record.Name} is not seen after {Settings.Dns.PropagationTimeout.TotalSeconds:0} s at {missing[0].Server} ({missing[0].Problem ?? "it has other values"}).");
            }

            await Task.Delay(BetweenLookups, Parts.Time, cancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (IssuerAccount account in _accounts.Values)
            account.Dispose();
        AskingRenewal.Dispose();
    }

    private IDnsChallengeProvider? MakeProvider(AcmeDnsSettings settings)
    {
        if (settings.Program is { } program)
            return new ExecHookProvider(new ExecHookSettings(program.Program) { Arguments = program.Arguments, Environment = program.Environment, Timeout = program.Timeout });
        if (settings.Update is not { } update)
            return null;
        try
        {
            return new DnsUpdateProvider(
                new DnsUpdateSettings(update.Server)
                {
                    Zone = update.Zone,
                    Key = update is { KeyName: { } name, KeySecret: { } secret } ? new TsigKey(name, Secret.Resolve(secret)!) : null,
                    TimeToLive = update.TimeToLive,
                    TcpOnly = update.Tcp,
                },
                Parts.Time);
        }
        catch (Exception problem) when (problem is DnsChallengeException or CertificateException)
        {
            // The secret was there when the settings were read, and is not now.
            Log.AcmeStateUnusable($"certificates.acme.dns.provider: {problem.Message} Without it dns-01 is not answered; mend it and reload.");
            return null;
        }
    }

    private static IReadOnlyList<IPEndPoint> SystemResolvers() =>
        [.. UpstreamFactory.SystemResolvers().Select(address => new IPEndPoint(address, DnsTxtLookup.DnsPort))];
}
