namespace Actors443.Acme.Protocol;

/// <summary>What went wrong with a CA, as far as it decides what to do next.</summary>
internal enum AcmeFailure
{
    /// <summary>No connection, or it broke. Whether a request was carried out is not known: look before asking again.</summary>
    Unreachable,

    /// <summary>No whole answer in time. As with <see cref="Unreachable"/> the request may have been carried out.</summary>
    TimedOut,

    /// <summary>Its TLS certificate is not trusted, or no TLS could be agreed on.</summary>
    UntrustedServer,

    /// <summary>What came back is not ACME: no JSON, a missing header, a redirect, too much.</summary>
    BadAnswer,

    /// <summary>429, 503, or the problem <c>rateLimited</c>. <see cref="AcmeException.RetryAfter"/> says when, if the CA did.</summary>
    Overloaded,

    /// <summary>It refused one nonce after another. Worth trying again soon.</summary>
    NonceRejected,

    /// <summary>It understood and refused; <see cref="AcmeException.Problem"/> says why.</summary>
    Refused,

    /// <summary>5xx other than 503.</summary>
    ServerError,

    /// <summary>The certificate issued is not the one ordered: another key or other names, or its chain does not hold.</summary>
    WrongCertificate,

    /// <summary>Only another setting helps: no agreement to the terms, no external account, an unknown profile, a name that cannot be certified.</summary>
    Settings,
}

/// <summary>A step with a CA failed. The message is one line that says who, what and, where the CA said it, why.</summary>
internal sealed class AcmeException : Exception
{
    public AcmeException(AcmeFailure failure, string message, Exception? cause = null)
        : base(message, cause) => Failure = failure;

    public AcmeFailure Failure { get; }

    /// <summary>What was asked; null: nothing was.</summary>
    public Uri? Url { get; init; }

    /// <summary>HTTP status; null: no answer.</summary>
    public int? Status { get; init; }

    /// <summary>What the CA wrote, verbatim (RFC 7807).</summary>
    public AcmeProblem? Problem { get; init; }

    /// <summary>How long the CA asks to wait, counted from its answer; null: it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the same request can succeed later without anybody changing anything.</summary>
    public bool IsTransient => Failure is AcmeFailure.Unreachable or AcmeFailure.TimedOut or AcmeFailure.Overloaded or AcmeFailure.NonceRejected or AcmeFailure.ServerError or AcmeFailure.BadAnswer;

    /// <summary>Whether the problem is of this type, by its last part: <c>accountDoesNotExist</c> (RFC 8555 6.7).</summary>
    public bool Is(string type) => Problem?.Is(type) == true;

    public static AcmeException Settings(string message, Exception? cause = null) => new(AcmeFailure.Settings, message, cause);
}
