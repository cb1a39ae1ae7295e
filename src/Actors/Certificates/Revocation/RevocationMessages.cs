using Akka.Actor;
using Akka.Event;

namespace Actors443.Certificates.Revocation;

/// <summary>To the revocation actor: answer <see cref="RevocationsReady"/> once all files were read.</summary>
internal sealed record AwaitRevocations
{
    public static AwaitRevocations Instance { get; } = new();
}

/// <param name="Problems">One line each.</param>
internal sealed record RevocationsReady(IReadOnlyList<string> Problems);

/// <summary>To the revocation actor: look at the settings and files, and at what is due. From timers, file notifications and reloads.</summary>
internal sealed record LookAtRevocations : IDeadLetterSuppression
{
    public static LookAtRevocations Instance { get; } = new();
}

/// <summary>From its own requests.</summary>
internal sealed record RevocationFetched(string Source, byte[]? Content, string? Problem) : INoSerializationVerificationNeeded, IDeadLetterSuppression;
