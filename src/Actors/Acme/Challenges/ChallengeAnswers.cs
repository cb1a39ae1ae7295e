using Actors443.Telemetry;

namespace Actors443.Acme.Challenges;

/// <summary>What this server's own ports answer to validations by CAs. One a server.</summary>
internal sealed class ChallengeAnswers(AcmeMetrics metrics, TimeProvider time)
{
    /// <summary>On port 80.</summary>
    public HttpChallengeTable Http { get; } = new(metrics);

    /// <summary>On port 443.</summary>
    public TlsAlpnChallengeTable TlsAlpn { get; } = new(metrics, time);
}
