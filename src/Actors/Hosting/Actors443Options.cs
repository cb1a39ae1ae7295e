using Actors443.Acme.OnDemand;
using Actors443.Tls.Deciding;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Hosting;

/// <summary>What a host that embeds Actors443 adds in code, besides its settings. Not thread-safe; used while services are registered.</summary>
public sealed class Actors443Options
{
    private readonly IServiceCollection _services;

    internal Actors443Options(IServiceCollection services) => _services = services;

    /// <summary>Asks this decider about every handshake; several are asked in the order they were added.</summary>
    public Actors443Options DecideHandshakes(IHandshakeDecider decider)
    {
        ArgumentNullException.ThrowIfNull(decider);
        _services.AddSingleton(decider);
        return this;
    }

    /// <summary>
    /// Lets an actor decide about every handshake: it is told <see cref="DecideHandshake"/>, and answers when it can. It is looked up at each handshake in Akka's
    /// <see cref="ActorRegistry"/>, so that it may be replaced; while there is none, handshakes are refused.
    /// </summary>
    /// <typeparam name="TActor">The key it is registered under (<c>registry.Register&lt;TActor&gt;(reference)</c>).</typeparam>
    public Actors443Options DecideHandshakesBy<TActor>()
    {
        _services.AddSingleton<IHandshakeDecider>(provider => new ActorHandshakeDecider<TActor>(provider.GetRequiredService<IReadOnlyActorRegistry>()));
        return this;
    }

    /// <summary>
    /// Lets an actor permit certificates on demand (<c>certificates.acme.on-demand</c>): it is told <see cref="PermitCertificate"/> and answers with a
    /// <see cref="CertificatePermission"/> within ten seconds. It is asked after the URL of the settings, if they have one, and about names that they list, if they list any.
    /// </summary>
    /// <typeparam name="TActor">The key it is registered under in Akka's <see cref="ActorRegistry"/>.</typeparam>
    public Actors443Options PermitCertificatesBy<TActor>()
    {
        _services.AddSingleton<ICertificatePermission>(provider => new ActorPermission<TActor>(provider.GetRequiredService<IReadOnlyActorRegistry>()));
        return this;
    }
}
