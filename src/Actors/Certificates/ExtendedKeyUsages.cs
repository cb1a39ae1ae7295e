namespace Actors443.Certificates;

/// <summary>What certificates are for (RFC 5280 4.2.1.12), as object identifiers.</summary>
internal static class ExtendedKeyUsages
{
    /// <summary>id-kp-serverAuth.</summary>
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>id-kp-clientAuth.</summary>
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>id-kp-OCSPSigning (RFC 6960 4.2.2.2).</summary>
    public const string OcspSigning = "1.3.6.1.5.5.7.3.9";
}
