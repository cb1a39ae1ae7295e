using Actors443.Acme.Protocol;
using Actors443.Acme.State;
using Actors443.Telemetry;

namespace Actors443.Acme.Challenges;

/// <summary>What this server's own ports answer to validations by CAs. One a server.</summary>
internal sealed class ChallengeAnswers(AcmeMetrics metrics, TimeProvider time)
{
    /// <summary>On port 80.</summary>
    public HttpChallengeTable Http { get; } = new(metrics);

    /// <summary>On port 443.</summary>
    public TlsAlpnChallengeTable TlsAlpn { get; } = new(metrics, time);

    public void Publish(ListenerAnswer answer)
    {
        if (answer.Type == AcmeChallengeType.Http01)
            Http.Publish(answer.Identifier, answer.Token, answer.KeyAuthorization);
        else
            TlsAlpn.Publish(answer.Identifier, answer.KeyAuthorization);
    }

    public void Withdraw(ListenerAnswer answer)
    {
        if (answer.Type == AcmeChallengeType.Http01)
            Http.Withdraw(answer.Token);
        else
            TlsAlpn.Withdraw(answer.Identifier);
    }
}
