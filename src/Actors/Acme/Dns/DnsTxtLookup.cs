using System.Net;
using System.Security.Cryptography;
using Actors443.Dns.Wire;

namespace Actors443.Acme.Dns;

/// <summary>What one server says of a name.</summary>
/// <param name="Server">Asked.</param>
/// <param name="Values">Of its TXT records; empty: none, or no answer.</param>
/// <param name="Problem">Why there is no answer; null: there is one.</param>
internal sealed record DnsTxtAnswer(IPEndPoint Server, IReadOnlyList<string> Values, string? Problem);

/// <summary>Looks whether a TXT record can be seen, at resolvers or at the servers of its zone themselves. Each call asks once. Thread-safe.</summary>
/// <param name="resolvers">Asked in order where one answer is enough.</param>
/// <param name="timeout">For one question to one server.</param>
/// <param name="zonePort">Where the servers of zones are asked.</param>
internal sealed class DnsTxtLookup(IReadOnlyList<IPEndPoint> resolvers, TimeSpan timeout, int zonePort = DnsTxtLookup.DnsPort)
{
    public const int DnsPort = 53;

    private const ushort RecursionDesired = 0x0100;
    private const int MaximumAliases = 8;

    /// <summary>Asks every resolver.</summary>
    public Task<IReadOnlyList<DnsTxtAnswer>> AskResolversAsync(string name, CancellationToken cancellationToken) => AskAsync(resolvers, name, cancellationToken);

    /// <summary>Asks every server of the zone that the name is in: what CAs see, without anybody's cache.</summary>
    /// <exception cref="DnsChallengeException">The servers of the zone cannot be found.</exception>
    public async Task<IReadOnlyList<DnsTxtAnswer>> AskZoneAsync(string name, CancellationToken cancellationToken) =>
        await AskAsync(await FindServersAsync(name, cancellationToken), name, cancellationToken);

    /// <summary>Asks these servers, all at once.</summary>
    public async Task<IReadOnlyList<DnsTxtAnswer>> AskAsync(IEnumerable<IPEndPoint> servers, string name, CancellationToken cancellationToken) =>
        await Task.WhenAll(servers.Select(server => AskAsync(server, name, cancellationToken)));

    private async Task<DnsTxtAnswer> AskAsync(IPEndPoint server, string name, CancellationToken cancellationToken)
    {
        try
        {
            DnsMessage answer = await QueryAsync(server, name, DnsType.Txt, cancellationToken);
            string owner = FollowAliases(answer, name);
            return new DnsTxtAnswer(
                server,
                [.. answer.Answers.Where(record => record.Type == DnsType.Txt && record.Name == owner).Select(answer.TextOf)],
                answer.Outcome is "NOERROR" or "NXDOMAIN" ? null : answer.Outcome);
        }
        catch (DnsChallengeException problem)
        {
            return new DnsTxtAnswer(server, [], problem.Message);
        }
    }

    private async Task<IReadOnlyList<IPEndPoint>> FindServersAsync(string name, CancellationToken cancellationToken)
    {
        DnsMessage start = await ResolveAsync(name, DnsType.Soa, cancellationToken);
        string owner = FollowAliases(start, name);
        string zone = start.Answers.Concat(start.Authorities).FirstOrDefault(record => record.Type == DnsType.Soa && (owner == record.Name || owner.EndsWith("." + record.Name, StringComparison.Ordinal)))?.Name
            ?? throw new DnsChallengeException($"The zone of {name} cannot be found: no SOA record ({start.Outcome}).");
        DnsMessage delegation = await ResolveAsync(zone, DnsType.Ns, cancellationToken);
        var servers = new List<IPEndPoint>();
        foreach (string host in delegation.Answers.Where(record => record.Type == DnsType.Ns).Select(delegation.NameIn))
        {
            foreach (DnsType type in (DnsType[])[DnsType.A, DnsType.Aaaa])
            {
                DnsMessage addresses = await ResolveAsync(host, type, cancellationToken);
                servers.AddRange(addresses.Answers.Where(record => record.Type == type).Select(record => new IPEndPoint(addresses.AddressIn(record), zonePort)));
            }
        }

        return servers.Count > 0 ? servers : throw new DnsChallengeException($"The zone {zone} has no server with an address.");
    }

    private async Task<DnsMessage> ResolveAsync(string name, DnsType type, CancellationToken cancellationToken)
    {
        DnsChallengeException? last = null;
        foreach (IPEndPoint resolver in resolvers)
        {
            try
            {
                return await QueryAsync(resolver, name, type, cancellationToken);
            }
            catch (DnsChallengeException problem)
            {
                last = problem;
            }
        }

        throw last ?? new DnsChallengeException($"There is no resolver to ask for {name}.");
    }

    private async Task<DnsMessage> QueryAsync(IPEndPoint server, string name, DnsType type, CancellationToken cancellationToken)
    {
        var query = new DnsWriter();
        query.Header((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), RecursionDesired, 1, 0, 0, 0);
        try
        {
            query.Question(name, type, DnsClass.In);
        }
        catch (DnsNameException problem)
        {
            throw new DnsChallengeException(problem.Message, problem);
        }

        return await DnsTransport.AskAsync(server, query.Written.ToArray(), tcpOnly: false, timeout, cancellationToken);
    }

    // A resolver gives the whole way along CNAME records.
    private static string FollowAliases(DnsMessage answer, string name)
    {
        string owner = name.TrimEnd('.').ToLowerInvariant();
        for (int i = 0; i < MaximumAliases; i++)
        {
            if (answer.Answers.FirstOrDefault(record => record.Type == DnsType.Cname && record.Name == owner) is not { } alias)
                break;
            owner = answer.NameIn(alias);
        }

        return owner;
    }
}
