using System.Net;
using Akka.Actor;
using Akka.Hosting;

namespace Actors443.Acme.OnDemand;

/// <summary>Asks the actor registered under a key.</summary>
internal sealed class ActorPermission<TActor>(IReadOnlyActorRegistry registry) : ICertificatePermission
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task<CertificatePermission> AskAsync(string name, IPAddress? client, CancellationToken stop)
    {
        if (!registry.TryGet<TActor>(out IActorRef actor))
            throw new PermissionException($"no actor is registered as {typeof(TActor).Name}");
        try
        {
            return await actor.Ask<CertificatePermission>(new PermitCertificate(name, client), Patience, stop);
        }
        catch (AskTimeoutException)
        {
            throw new PermissionException($"the actor {typeof(TActor).Name} has not answered within {Patience.TotalSeconds:0} s");
        }
        catch (Exception wrong) when (wrong is ArgumentException or InvalidCastException)
        {
            throw new PermissionException($"the actor {typeof(TActor).Name} has answered with something else than {nameof(CertificatePermission)}", wrong);
        }
    }
}
