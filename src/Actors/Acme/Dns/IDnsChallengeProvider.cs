using Actors443.Acme.Challenges;
using Actors443.Acme.Protocol;

namespace Actors443.Acme.Dns;

/// <summary>Puts the TXT records of dns-01 (RFC 8555 8.4) where the world finds them. Implement it for a DNS service of your own. Thread-safe.</summary>
/// <remarks>Whether a record can be seen everywhere is not its concern: that is looked up before the CA is told.</remarks>
public interface IDnsChallengeProvider
{
    /// <summary>For people: <c>rfc2136 ns1.example.com</c>.</summary>
    string Name { get; }

    /// <summary>Adds the record beside others of the same name: a name and its wildcard have one each at the same time. Adding what is there is no error, for after a
    /// restart a step is done again.</summary>
    /// <param name="record">What to add.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DnsChallengeException">It could not be added; the message says why.</exception>
    Task PresentAsync(DnsChallengeRecord record, CancellationToken cancellationToken);

    /// <summary>Removes this record and no other of the same name. Removing what is not there is no error.</summary>
    /// <param name="record">What to remove.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DnsChallengeException">It could not be removed; the message says why.</exception>
    Task CleanUpAsync(DnsChallengeRecord record, CancellationToken cancellationToken);
}

/// <summary>A TXT record that a CA looks for.</summary>
/// <param name="Domain">The name to be validated, without <c>*.</c>, in A-labels: <c>example.com</c>.</param>
/// <param name="Name">Full name of the record, without a final dot: <c>_acme-challenge.example.com</c>, or what that is an alias (CNAME) of.</param>
/// <param name="Value">43 characters of base64url.</param>
public sealed record DnsChallengeRecord(string Domain, string Name, string Value)
{
    private const string Label = "_acme-challenge.";

    /// <summary>The record for one authorization.</summary>
    /// <param name="domain">To be validated; of a wildcard what it is under.</param>
    /// <param name="keyAuthorization">See <see cref="KeyAuthorization.Of"/>.</param>
    /// <param name="delegations">By domain the record that its <c>_acme-challenge</c> is a CNAME of, for zones that nobody may write to.</param>
    internal static DnsChallengeRecord For(AcmeIdentifier domain, string keyAuthorization, IReadOnlyDictionary<string, string> delegations) =>
        new(domain.Name, delegations.TryGetValue(domain.Name, out string? target) ? target.TrimEnd('.') : Label + domain.Name, KeyAuthorization.TxtValue(keyAuthorization));
}

/// <summary>A TXT record could not be added, removed or looked up. The message is one line that says who refused what, and why.</summary>
/// <param name="message">For people.</param>
/// <param name="cause">Null: the message says it all.</param>
public sealed class DnsChallengeException(string message, Exception? cause = null) : Exception(message, cause);
