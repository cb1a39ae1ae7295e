using Actors443.Acme.Protocol;
using Actors443.Acme.State;

namespace Actors443.Acme.Orders;

/// <summary>When the certificate is renewed: as the CA says (RFC 9773), else when a share of its lifetime is left.</summary>
internal sealed partial class AcmeOrderActor
{
    // RFC 9773 4.3.2, 4.3.3.
    private static readonly TimeSpan AskRenewalUsually = TimeSpan.FromHours(6);
    private static readonly TimeSpan AskRenewalAtLeast = TimeSpan.FromDays(1);
    private static readonly TimeSpan AskRenewalAtMost = TimeSpan.FromSeconds(1);

    // Whatever a CA says, no certificate is let run out.
    private const double LastShare = 0.05;

    /// <summary>Only with a certificate.</summary>
    private DateTimeOffset RenewAt
    {
        get
        {
            if (_certificate is not { } certificate)
                return DateTimeOffset.MinValue;
            TimeSpan lifetime = certificate.NotAfter - certificate.NotBefore;
            DateTimeOffset last = certificate.NotAfter - lifetime * LastShare;
            DateTimeOffset planned = _record.RenewAt ?? certificate.NotAfter - lifetime * _context.Settings.RenewWithin;
            return planned < last ? planned : last;
        }
    }

    /// <summary>When the CA is to be asked for its window; asks at once if it is time, and then answers null.</summary>
    private DateTimeOffset? AskRenewalDue(DateTimeOffset now)
    {
        if (_record.IssuedBy is not { } issuedBy || _context.Issuer(issuedBy) is null || CertificateId.Of(_certificate!.Leaf) is not { } id)
            return null;
        if (_record.AskRenewalAt is { } later && later > now)
            return later;
        // Not again before there is an answer, whatever else happens.
        _record = _record with { AskRenewalAt = now + AskRenewalUsually };
        AcmeClient client = _context.Account(issuedBy, staging: false).Client;
        SemaphoreSlim turn = _context.AskingRenewal;
        Run(async stop =>
        {
            await turn.WaitAsync(stop);
            try
            {
                return new RenewalAsked(await client.GetRenewalInfoAsync(id, stop));
            }
            finally
            {
                turn.Release();
            }
        });
        return null;
    }

    private void OnRenewalAsked(RenewalAsked asked)
    {
        DateTimeOffset now = _context.Now;
        if (asked.Info is not { } info)
        {
            Keep(_record with { AskRenewalAt = now + AskRenewalAtLeast, Window = null });
            Look();
            return;
        }

        TimeSpan wait = info.RetryAfter ?? AskRenewalUsually;
        wait = wait > AskRenewalAtLeast ? AskRenewalAtLeast : wait < AskRenewalAtMost ? AskRenewalAtMost : wait;
        var window = new RenewalWindow(info.Start, info.End);
        // The moment is drawn once for each window.
        if (_record.Window != window)
        {
            _record = _record with { Window = window, RenewAt = info.MomentIn(Random.Shared) };
            Tell($"The CA wants it renewed between {info.Start:u} and {info.End:u}{(info.Explanation is { } page ? $" ({page})" : "")}; that will be at {RenewAt:u}.");
        }

        Keep(_record with { AskRenewalAt = now + wait });
        Look();
    }

    private void OnRenewalUnknown(Exception cause)
    {
        // What was planned stands.
        Tell($"When the CA wants it renewed could not be asked: {Describe(cause)}");
        Keep(_record with { AskRenewalAt = _context.Now + ((cause as AcmeException)?.RetryAfter is { } wait && wait > _context.Settings.RetryMinimum ? wait : AskRenewalUsually / 6) });
        Look();
    }

    private sealed record RenewalAsked(RenewalInfo? Info);
}
