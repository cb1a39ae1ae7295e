using System.Globalization;

namespace Actors443.Tls;

/// <summary>Alerts by their names in the registry (RFC 8446 6, RFC 5246 7.2, RFC 7301).</summary>
internal static class TlsAlertNames
{
    // OpenSSL's reasons from here to 1,255 are alerts received, by number.
    private const int FirstReason = 1_000;

    /// <summary>The alert that was received, if that is the reason OpenSSL gives for an error; null: it is another.</summary>
    public static byte? ReceivedBy(int reason) => reason is >= FirstReason and < FirstReason + 256 ? (byte)(reason - FirstReason) : null;

    /// <summary>In words.</summary>
    public static string SentByClient(byte alert) => $"the client sent the alert {Of(alert)}";

    public static string Of(byte alert) => alert switch
    {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "alert " + alert.ToString(CultureInfo.InvariantCulture),
    };
}
