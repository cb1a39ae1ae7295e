using System.Collections.Concurrent;
using System.Net;
using Actors443.Acme.Protocol;
using Actors443.Telemetry;

namespace Actors443.Acme.Challenges;

/// <summary>Answers to http-01 (RFC 8555 8.3) that the redirect listener gives. Thread-safe; lives in memory, so that whoever publishes does so again after a restart.</summary>
internal sealed class HttpChallengeTable(AcmeMetrics metrics)
{
    /// <summary>The well-known folder (RFC 8615).</summary>
    public const string Folder = "/.well-known/acme-challenge/";

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.Ordinal);
    private volatile bool _claimed;

    /// <summary>Whether <see cref="Folder"/> is ours: what is not in the table is then 404. Before that it is redirected like all else, so that another ACME client can
    /// go on answering by way of a site.</summary>
    public bool Claimed => _claimed;

    /// <summary>For good.</summary>
    public void Claim() => _claimed = true;

    /// <summary>Publishes an answer, or replaces the one with this token.</summary>
    /// <param name="identifier">The name or address in whose Host alone it is given.</param>
    /// <param name="token">Of the challenge.</param>
    /// <param name="keyAuthorization">See <see cref="KeyAuthorization.Of"/>.</param>
    public void Publish(AcmeIdentifier identifier, string token, string keyAuthorization)
    {
        Claim();
        _answers[token] = new Answer(identifier, keyAuthorization);
    }

    public void Withdraw(string token) => _answers.TryRemove(token, out _);

    /// <summary>How often a published answer has been given: none means that the CA has not come through to us. 0: not published.</summary>
    public int TimesGiven(string token) => _answers.TryGetValue(token, out Answer? answer) ? answer.Given : 0;

    /// <summary>The body for a token asked for at a host; null: there is none.</summary>
    /// <param name="token">The path after <see cref="Folder"/>.</param>
    /// <param name="host">A host name in lower case, or an address without brackets.</param>
    public string? Find(string token, string host)
    {
        bool found = _answers.TryGetValue(token, out Answer? answer) && answer.IsFor(host);
        metrics.Validated(AcmeChallengeType.Http01, found);
        if (!found)
            return null;
        Interlocked.Increment(ref answer!.Given);
        return answer.KeyAuthorization;
    }

    private sealed class Answer(AcmeIdentifier identifier, string keyAuthorization)
    {
        public int Given;

        public string KeyAuthorization => keyAuthorization;

        public bool IsFor(string host) => identifier.Type == AcmeIdentifier.Ip
            ? IPAddress.TryParse(host, out IPAddress? address) && address.Equals(IPAddress.Parse(identifier.Value))
            : host.Equals(identifier.Value, StringComparison.OrdinalIgnoreCase);
    }
}
