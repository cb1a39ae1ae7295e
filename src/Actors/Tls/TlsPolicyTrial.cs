using System.Net;
using Actors443.Certificates.Canary;

namespace Actors443.Tls;

/// <summary>Another TLS policy that a share of the clients sees first, and how their handshakes end beside those of all others. Thread-safe.</summary>
/// <param name="what">The settings that are tried, for people.</param>
/// <param name="share">Who sees them.</param>
/// <param name="since">When it begins.</param>
/// <param name="onFailure">Called after each failed handshake under the new policy, on any thread; must only post.</param>
internal sealed class TlsPolicyTrial(IReadOnlyList<string> what, CanaryShare share, DateTimeOffset since, Action onFailure)
{
    private readonly CanaryTally _tally = new(onFailure);

    public IReadOnlyList<string> What => what;

    public DateTimeOffset Since => since;

    public double Share => share.Share;

    public CanaryCounts Counts => _tally.Counts;

    public bool Takes(IPAddress client) => share.Takes(client);

    public void Completed(IPAddress client) => _tally.Completed(share.Takes(client));

    public void Failed(string kind, string? serverName, IPAddress client) => _tally.Failed(share.Takes(client), kind, serverName, client);

    public CanaryStatus Status(CanaryState state) => CanaryStatus.Of(_tally, what, Share, since, state);
}
