using Actors443.Acme.Dns;
using Actors443.Acme.Protocol;

namespace Actors443.Acme.Orders;

/// <summary>A challenge that was chosen for one authorization.</summary>
/// <param name="Authorization">To be looked at until it is decided.</param>
/// <param name="Challenge">To be responded to.</param>
/// <param name="KeyAuthorization">The answer.</param>
/// <param name="Record">With dns-01.</param>
internal sealed record ChosenChallenge(AcmeAuthorization Authorization, AcmeChallenge Challenge, string KeyAuthorization, DnsChallengeRecord? Record)
{
    /// <summary>As the name set has it.</summary>
    public string Name => Authorization.Wildcard ? "*." + Authorization.Identifier.Value : Authorization.Identifier.Value;
}

/// <summary>Publishes and withdraws the answers of one order. Used by one step at a time.</summary>
internal sealed class ChallengeResponder(AcmeContext context)
{
    private readonly List<ChosenChallenge> _published = [];

    /// <summary>The next type to try for a name: what worked last, then in the order of the settings, without those that failed. Null: none is left.</summary>
    public static string? Choose(AcmeIdentifier identifier, IReadOnlyList<string> types, string? worked, IReadOnlyList<string>? failed, Func<string, bool> isOffered) =>
        (worked is not null && types.Contains(worked) ? types.Where(type => type != worked).Prepend(worked) : types)
            .FirstOrDefault(type => AcmeChallengeType.Fits(type, identifier) && failed?.Contains(type) != true && isOffered(type));

    /// <summary>Makes the answer visible.</summary>
    /// <exception cref="DnsChallengeException">With dns-01.</exception>
    public async Task PublishAsync(ChosenChallenge chosen, CancellationToken cancellationToken)
    {
        lock (_published)
            _published.Add(chosen);
        switch (chosen.Challenge.Type)
        {
            case AcmeChallengeType.Http01:
                context.Parts.Challenges.Http.Publish(chosen.Authorization.Identifier, chosen.Challenge.Token, chosen.KeyAuthorization);
                break;
            case AcmeChallengeType.TlsAlpn01:
                context.Parts.Challenges.TlsAlpn.Publish(chosen.Authorization.Identifier, chosen.KeyAuthorization);
                break;
            default:
                await context.Dns!.PresentAsync(chosen.Record!, cancellationToken);
                await context.AwaitSeenAsync(chosen.Record!, cancellationToken);
                break;
        }
    }

    /// <summary>What our own side knows of a validation that failed; null: nothing.</summary>
    public string? Remark(ChosenChallenge chosen) => chosen.Challenge.Type switch
    {
        AcmeChallengeType.Http01 when context.Parts.Challenges.Http.TimesGiven(chosen.Challenge.Token) == 0 =>
            "Nobody has asked our http listener for the answer: look at DNS, firewall and port 80.",
        AcmeChallengeType.TlsAlpn01 when context.Parts.Challenges.TlsAlpn.TimesGiven(chosen.Authorization.Identifier) == 0 =>
            "Nobody has asked our https listener for the answer: look at DNS, firewall, port 443, and whether something before us ends TLS.",
        AcmeChallengeType.Http01 or AcmeChallengeType.TlsAlpn01 => "Our listener was asked and gave the answer: look whether all addresses of the name lead here.",
        _ => null,
    };

    /// <summary>Takes back what the listeners answer. TXT records are removed by <see cref="CleanUpAsync"/>.</summary>
    public void Withdraw()
    {
        lock (_published)
        {
            foreach (ChosenChallenge chosen in _published)
            {
                if (chosen.Challenge.Type == AcmeChallengeType.Http01)
                    context.Parts.Challenges.Http.Withdraw(chosen.Challenge.Token);
                else if (chosen.Challenge.Type == AcmeChallengeType.TlsAlpn01)
                    context.Parts.Challenges.TlsAlpn.Withdraw(chosen.Authorization.Identifier);
            }

            _published.Clear();
        }
    }

    /// <summary>Removes TXT records; answers what went wrong, or null.</summary>
    public async Task<string?> CleanUpAsync(IReadOnlyList<DnsChallengeRecord> records, CancellationToken cancellationToken)
    {
        if (context.Dns is not { } provider)
            return "There is no DNS provider any more to remove TXT records with.";
        string? problem = null;
        foreach (DnsChallengeRecord record in records)
        {
            try
            {
                await provider.CleanUpAsync(record, cancellationToken);
            }
            catch (DnsChallengeException cause)
            {
                problem = cause.Message;
            }
        }

        return problem;
    }
}
