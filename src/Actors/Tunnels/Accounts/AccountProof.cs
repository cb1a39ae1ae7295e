using System.Security.Cryptography.X509Certificates;
using Actors443.Identities;

namespace Actors443.Tunnels.Accounts;

/// <summary>An account, and by what a client has proved that it is its own. Immutable.</summary>
/// <param name="Account">Whose tunnels these are.</param>
/// <param name="Token">The token as <see cref="Identity.Id"/>; null: it was not by a token.</param>
/// <param name="Certificate">The client certificate as <see cref="Identity.Id"/>; null: it was not by one.</param>
/// <param name="CertificateKey">The key of that as <see cref="Identity.Id"/>.</param>
internal sealed record AccountProof(TunnelAccount Account, string? Token = null, string? Certificate = null, string? CertificateKey = null)
{
    public static AccountProof Of(TunnelAccount account, X509Certificate2 certificate) =>
        new(account, null, Identity.FingerprintOf(certificate), Identity.KeyFingerprintOf(certificate));
}
