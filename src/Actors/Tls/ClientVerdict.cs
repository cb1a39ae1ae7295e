using Actors443.Connections;

namespace Actors443.Tls;

/// <summary>What becomes of a client certificate, by the numbers of OpenSSL's X509_V_ERR: they decide the alert.</summary>
internal enum ClientVerdict
{
    Accepted = 0,

    /// <summary>There is none, where one must be; OpenSSL finds that out by itself.</summary>
    Missing = -1,

    /// <summary>There is no CRL of one of its issuers.</summary>
    NoRevocationList = 3,

    NotYetValid = 9,

    Expired = 10,

    /// <summary>The CRL should have been followed by another.</summary>
    RevocationListExpired = 12,

    /// <summary>None of the CAs, by no chain that the client has sent.</summary>
    UnknownIssuer = 20,

    Revoked = 23,

    /// <summary>Not for clients of TLS.</summary>
    WrongPurpose = 26,

    /// <summary>For another reason.</summary>
    Rejected = 28,
}

/// <summary>Verdicts as ends of connections.</summary>
internal static class ClientVerdicts
{
    /// <summary>Why a client certificate is refused.</summary>
    /// <param name="verdict">Of the verifier.</param>
    /// <param name="otherwise">What is said if the verdict says no more than no.</param>
    public static (CloseReason Reason, string? Detail) ToReason(this ClientVerdict verdict, string? otherwise) => verdict switch
    {
        ClientVerdict.Missing => (CloseReason.ClientCertificateRejected, "the client has sent none"),
        ClientVerdict.NotYetValid => (CloseReason.ClientCertificateRejected, "it is not valid yet"),
        ClientVerdict.Expired => (CloseReason.ClientCertificateRejected, "it has expired"),
        ClientVerdict.UnknownIssuer => (CloseReason.ClientCertificateRejected, "none of client-certificates.ca has issued it, by no chain that the client has sent"),
        ClientVerdict.WrongPurpose => (CloseReason.ClientCertificateRejected, "it is not for clients (extended key usage clientAuth)"),
        ClientVerdict.Revoked => (CloseReason.ClientCertificateRevoked, null),
        ClientVerdict.NoRevocationList => (CloseReason.ClientCertificateRejected, "there is no revocation list of its issuer that one of client-certificates.ca has signed"),
        ClientVerdict.RevocationListExpired => (CloseReason.ClientCertificateRejected, "the revocation list of its issuer has expired (client-certificates.expired-crl)"),
        _ => (CloseReason.ClientCertificateRejected, otherwise),
    };
}
