using Actors443.Acme.OnDemand;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Configuration.Reading;
using Actors443.Engine;
using Actors443.Requests;
using Actors443.Routing.Conversations;
using Actors443.TestKit;
using Actors443.Tls.Deciding;
using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Hosting;

/// <summary>
/// What a host that embeds Actors443 says in code. Settings come from <c>actors443 { … }</c> of the actor system's HOCON; what is said here wins over that.
/// Not thread-safe; used while the actor system is configured.
/// </summary>
public sealed class Actors443Options
{
    private readonly IServiceCollection _services;
    private readonly List<HoconText> _texts = [];
    private readonly List<Func<Actors443Settings, Actors443Settings>> _changes = [];

    internal Actors443Options(IServiceCollection services) => _services = services;

    internal IServiceCollection Services => _services;

    /// <summary>Null: the application is that of a web host with <see cref="Actors443Hosting.UseActors443"/>.</summary>
    internal Action<IApplicationBuilder>? Application { get; private set; }

    /// <summary>Listens for HTTPS on these addresses, such as <c>127.0.0.1:8443</c>; port 0 takes any free one. The setting <c>https.bind</c>.</summary>
    public Actors443Options Bind(params string[] addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        return Set("https.bind", $"[{string.Join(", ", addresses)}]");
    }

    /// <summary>One setting as it is written in HOCON, read and checked like that: <c>Set("drain.deadline", "10s")</c>. Every key of <c>reference.conf</c> will do, with or without <c>actors443.</c></summary>
    /// <exception cref="SettingsException">It is not written as a setting.</exception>
    public Actors443Options Set(string key, string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        ArgumentNullException.ThrowIfNull(value);
        if (HoconOverride.Parse($"{key}={value}", out SettingsProblem? problem) is not { } text)
            throw new SettingsException([problem!]);
        _texts.Add(text with { Name = $"Set(\"{key}\", …)" });
        return this;
    }

    /// <summary>Changes the settings as typed values, after HOCON and <see cref="Set"/>; several changes follow each other.</summary>
    public Actors443Options Configure(Func<Actors443Settings, Actors443Settings> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        _changes.Add(change);
        return this;
    }

    /// <summary>
    /// What to serve in a host whose own server is another (Kestrel) or none: an ASP.NET Core pipeline on the host's services, which must have routing
    /// (<c>AddRouting</c>) if it has endpoints. In a web host that is served by Actors443 alone, call <see cref="Actors443Hosting.UseActors443"/> instead.
    /// </summary>
    public Actors443Options Serve(Action<IApplicationBuilder> application)
    {
        ArgumentNullException.ThrowIfNull(application);
        Application += application;
        return this;
    }

    /// <summary>For tests: listens at no port, and serves the clients in memory of <paramref name="door"/>, without TLS and certificates, everything else as ever. The state directory is not used.</summary>
    public Actors443Options ConnectInMemory(TestFrontDoor door)
    {
        ArgumentNullException.ThrowIfNull(door);
        _services.AddSingleton(door);
        _services.AddSingleton<IConnectionEngine, InMemoryEngine>();
        return Bind("127.0.0.1:443").Set("https.http3", "off").Set("http.enabled", "off").Set("certificates.local-ca.enabled", "off");
    }

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

    /// <summary>
    /// Lets an actor speak a protocol that clients ask for by ALPN, such as <c>mqtt</c>: it is told <see cref="ProtocolOpened"/> for each connection and owns the conversation. TLS, limits and the
    /// connection's actor are as with HTTP. It is looked up at each connection; while there is none, such connections are cut off. A route of the settings for the same protocol wins.
    /// </summary>
    /// <typeparam name="TActor">The key it is registered under in Akka's <see cref="ActorRegistry"/>.</typeparam>
    /// <param name="name">As in ALPN (RFC 7301).</param>
    /// <param name="idle">A connection without a byte either way for so long is ended; null: ten minutes; <see cref="Timeout.InfiniteTimeSpan"/>: never.</param>
    /// <param name="supervision">What happens when the actor fails; null: <c>requests.routes</c> for this name, else <c>requests.supervision</c>. Of its budgets only <c>at-once</c> counts here.</param>
    /// <exception cref="ArgumentException">It is no name of a protocol, or of one that is served already.</exception>
    public Actors443Options MapProtocol<TActor>(string name, TimeSpan? idle = null, RouteSupervisionSettings? supervision = null)
    {
        RouteSupervisionCheck.Check(name, supervision);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (ConnectionRouteReading.ProblemOfProtocol(name) is { } problem)
            throw new ArgumentException($"MapProtocol: {problem}", nameof(name));
        if (_services.Any(service => service.ImplementationInstance is MappedProtocol other && other.Name == name))
            throw new ArgumentException($"MapProtocol: '{name}' has an actor already; map it once", nameof(name));
        _services.AddSingleton(new MappedProtocol(name, typeof(TActor).Name, static registry => registry.TryGet<TActor>(out IActorRef actor) ? actor : null, idle == Timeout.InfiniteTimeSpan ? null : idle ?? TimeSpan.FromMinutes(10)) { Supervision = supervision });
        return this;
    }

    /// <summary>The settings of this HOCON with what was said in code on top.</summary>
    /// <exception cref="SettingsException">Something is wrong; the exception lists all of it.</exception>
    internal Actors443Settings Read(Config hocon)
    {
        HoconSources code = HoconSourceReader.Read(_texts);
        if (code.Config is null)
            throw new SettingsException(code.Problems);
        Actors443Settings settings = Actors443Settings.FromConfig(_texts.Count == 0 ? hocon : code.Config.WithFallback(hocon), code.Lines);
        foreach (Func<Actors443Settings, Actors443Settings> change in _changes)
            settings = change(settings) ?? throw new SettingsException([new(SettingsSeverity.Error, null, 0, null, "Configure: the function answered null; answer the settings, changed by 'with'")]);
        if (settings.Https.Bind.Count == 0)
            throw new SettingsException([new(SettingsSeverity.Error, null, 0, "actors443.https.bind", "no address; write at least one, such as \"127.0.0.1:8443\"")]);
        return settings;
    }
}
