using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Sessions;

/// <summary>DNS over HTTPS is a steady load over HTTP/2 with requests of its own.</summary>
internal static class DohClients
{
    public static ClientGroup Create(DohGroup settings, GroupPlace place)
    {
        var steady = new SteadyGroup
        {
            Name = settings.Name,
            Start = settings.Start,
            Duration = settings.Duration,
            Clients = settings.Clients,
            Rate = settings.Rate,
            Streams = settings.Streams,
            Protocol = LoadProtocol.Http2,
        };
        return new SteadyClients(steady, place, [.. settings.Queries.Select(query => Request(settings, query, place.Target.Address))]);
    }

    private static RequestTemplate Request(DohGroup settings, string line, Uri target)
    {
        if (!DnsQuery.TryParse(line, out byte[] query, out string problem))
            throw new LoadException($"The DNS query '{line}' cannot be sent: {problem}.");
        const string MediaType = "application/dns-message";
        return settings.Get
            ? RequestTemplate.Of("GET", $"{settings.Path}?dns={DnsQuery.ToParameter(query)}", [new("accept", MediaType)], target, default)
            : RequestTemplate.Of("POST", settings.Path, [new("accept", MediaType), new("content-type", MediaType)], target, query);
    }
}
