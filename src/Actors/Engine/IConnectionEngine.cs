using System.Net;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine.Dialing;
using Actors443.ProxyProtocol;
using Actors443.Routing;
using Actors443.Tls;

namespace Actors443.Engine;

/// <summary>What moves bytes: accepts, speaks TLS, hands requests to the application. Knows the owners of its connections by interface only.</summary>
internal interface IConnectionEngine : IDialer, IAsyncDisposable
{
    /// <summary><c>portable</c>, …</summary>
    string Name { get; }

    /// <summary>False: its connections are secured by nobody, and none has a certificate to show.</summary>
    bool NeedsCertificates => true;

    /// <summary>Where the actors of its connections live; <see cref="EngineConnection.Place"/> is an index into it.</summary>
    IReadOnlyList<ActorPlace> Places { get; }

    /// <summary>Binds the addresses and starts accepting.</summary>
    /// <exception cref="BindException">An address cannot be bound; none is bound then.</exception>
    Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken);
}

/// <summary>What to listen on, and what for.</summary>
/// <param name="Name">Name of the listener, <c>https-443</c>.</param>
/// <param name="EndPoints">Addresses; port 0 takes any free one.</param>
/// <param name="Backlog">Connections the kernel may hold, per address.</param>
/// <param name="Application">Answers the requests.</param>
/// <param name="Gate">Says when to accept, and whom.</param>
internal sealed record ListenRequest(string Name, IReadOnlyList<IPEndPoint> EndPoints, int Backlog, ServedApplication Application, IAcceptGate Gate)
{
    /// <summary>Null: plain HTTP, connections without an owner (the redirect listener).</summary>
    public TlsListening? Tls { get; init; }

    public HttpLimitSettings Limits { get; init; } = new();

    /// <summary>Enforced by the owners; the HTTP layer's own time limits are set a little above, as a second line.</summary>
    public DeadlineSettings Deadlines { get; init; } = new();

    /// <summary>Told when accepting has ended by itself.</summary>
    public Action<Exception>? OnFault { get; init; }
}

/// <summary>What a TLS listener needs besides.</summary>
/// <param name="FrontEnd">Chooses certificate and policy by ClientHello.</param>
/// <param name="Admission">Asked after the ClientHello.</param>
/// <param name="Owners">Gives every connection its actor.</param>
internal sealed record TlsListening(TlsFrontEnd FrontEnd, AdmissionGate Admission, IConnectionOwners Owners)
{
    /// <summary>Whose connections begin with a PROXY header; null: nobody's.</summary>
    public TrustedProxies? Proxies { get; init; }

    /// <summary>Leads connections elsewhere; null: all are served here.</summary>
    public ConnectionRouter? Router { get; init; }

    /// <summary>Takes a handshake from its client's rate, unless it is a node's; not none: it is refused.</summary>
    /// <param name="connection">Whose.</param>
    /// <param name="hello">Null: something else came first.</param>
    public CloseReason TryHandshake(EngineConnection connection, ClientHello? hello) =>
        hello is not null && FrontEnd.IsOfNode(hello, connection.UnlessNode == CloseReason.LoadShed ? null : connection.Remote.Address) ? CloseReason.None : TryClientHandshake(connection, hello);

    /// <summary>The same of one that is no node's.</summary>
    public CloseReason TryClientHandshake(EngineConnection connection, ClientHello? hello) =>
        connection.UnlessNode != CloseReason.None ? connection.UnlessNode : Admission.TryHandshake(connection.Remote.Address, hello?.OffersResumption == true);

    /// <summary>Once for each connection, at the end of its handshake.</summary>
    public void HandshakeEnded(EngineConnection connection)
    {
        if (connection.UnlessNode == CloseReason.None)
            Admission.HandshakeEnded(connection.Remote.Address);
    }
}

/// <summary>A bound listener.</summary>
internal interface IEngineListener : IAsyncDisposable
{
    /// <summary>The addresses really bound.</summary>
    IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>Stops accepting and frees the addresses; open connections live on until the listener is disposed.</summary>
    Task UnbindAsync();
}

/// <summary>Gives every connection its owning actor. Called on the engine's threads; must not block.</summary>
internal interface IConnectionOwners
{
    void Accepted(EngineConnection connection);
}
