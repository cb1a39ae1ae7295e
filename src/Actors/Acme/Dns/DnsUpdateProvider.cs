using System.Net;
using System.Security.Cryptography;
using Actors443.Dns.Wire;

namespace Actors443.Acme.Dns;

/// <summary>Where and how to update (RFC 2136).</summary>
/// <param name="Server">The zone's primary.</param>
internal sealed record DnsUpdateSettings(IPEndPoint Server)
{
    /// <summary>The zone to update; null: found by its SOA.</summary>
    public string? Zone { get; init; }

    /// <summary>Null: unsigned, where the server allows by address.</summary>
    public TsigKey? Key { get; init; }

    /// <summary>Of the records.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>TCP for all; otherwise for what UDP cannot carry.</summary>
    public bool TcpOnly { get; init; }

    /// <summary>For one exchange.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Records by dynamic update of a zone (RFC 2136), signed with TSIG: BIND, Knot, PowerDNS, Windows. Thread-safe.</summary>
internal sealed class DnsUpdateProvider(DnsUpdateSettings settings, TimeProvider time) : IDnsChallengeProvider
{
    private const ushort UpdateFlags = 5 << 11;
    private const ushort QueryFlags = 0;

    public string Name => $"rfc2136 {settings.Server}";

    public Task PresentAsync(DnsChallengeRecord record, CancellationToken cancellationToken) =>
        UpdateAsync(record, DnsClass.In, (uint)settings.TimeToLive.TotalSeconds, cancellationToken);

    // RFC 2136 2.5.4: class NONE removes one record of a set.
    public Task CleanUpAsync(DnsChallengeRecord record, CancellationToken cancellationToken) => UpdateAsync(record, DnsClass.None, 0, cancellationToken);

    private async Task UpdateAsync(DnsChallengeRecord record, DnsClass @class, uint secondsToLive, CancellationToken cancellationToken)
    {
        try
        {
            await SendUpdateAsync(record, @class, secondsToLive, cancellationToken);
        }
        catch (DnsNameException problem)
        {
            throw new DnsChallengeException(problem.Message, problem);
        }
    }

    private async Task SendUpdateAsync(DnsChallengeRecord record, DnsClass @class, uint secondsToLive, CancellationToken cancellationToken)
    {
        string zone = settings.Zone ?? await FindZoneAsync(record.Name, cancellationToken);
        var update = new DnsWriter();
        update.Header(NewId(), UpdateFlags, 1, 0, 1, 0);
        update.Question(zone, DnsType.Soa, DnsClass.In);
        update.Record(record.Name, DnsType.Txt, @class, secondsToLive, DnsWriter.TxtData(record.Value));
        DnsMessage answer = await ExchangeAsync(update, record.Name, cancellationToken);
        if (!answer.Succeeded)
            throw new DnsChallengeException($"{Name} refused to {(@class == DnsClass.In ? "add" : "remove")} the TXT record {record.Name} in the zone {zone}: {answer.Outcome}.");
    }

    /// <summary>The zone that a name is in: whose SOA the server gives with its answer (RFC 2308 2.1, 2.2).</summary>
    private async Task<string> FindZoneAsync(string name, CancellationToken cancellationToken)
    {
        var query = new DnsWriter();
        query.Header(NewId(), QueryFlags, 1, 0, 0, 0);
        query.Question(name, DnsType.Soa, DnsClass.In);
        DnsMessage answer = await ExchangeAsync(query, name, cancellationToken);
        return answer.Answers.Concat(answer.Authorities).FirstOrDefault(record => record.Type == DnsType.Soa && IsIn(name, record.Name))?.Name
            ?? throw new DnsChallengeException($"{Name} has no zone for {name} ({answer.Outcome}); name the zone with zone = \"…\", or another server.");
    }

    private async Task<DnsMessage> ExchangeAsync(DnsWriter message, string about, CancellationToken cancellationToken)
    {
        if (settings.Key is not { } key)
            return await DnsTransport.AskAsync(settings.Server, message.Written.ToArray(), settings.TcpOnly, settings.Timeout, cancellationToken);
        SignedDnsMessage signed = key.Sign(message.Written, time.GetUtcNow());
        DnsMessage answer = await DnsTransport.AskAsync(settings.Server, signed.Message, settings.TcpOnly, settings.Timeout, cancellationToken);
        return key.Examine(answer, signed, time.GetUtcNow()) is { } problem
            ? throw new DnsChallengeException($"{Name}: the answer about {about} ({answer.Outcome}) is not to be trusted: {problem}.")
            : answer;
    }

    private static bool IsIn(string name, string zone) => name.Equals(zone, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + zone, StringComparison.OrdinalIgnoreCase) || zone.Length == 0;

    private static ushort NewId() => (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
}
