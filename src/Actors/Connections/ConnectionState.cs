namespace Actors443.Connections;

/// <summary>The states of a connection actor, in the order they are passed.</summary>
public enum ConnectionState
{
    /// <summary>Accepted; nothing read yet.</summary>
    Accepted = 0,

    /// <summary>The ClientHello was read.</summary>
    HelloRead = 1,

    /// <summary>Admission said yes.</summary>
    Admitted = 2,

    /// <summary>The TLS handshake runs.</summary>
    Handshaking = 3,

    /// <summary>Serving requests.</summary>
    Open = 4,

    /// <summary>Carries another protocol by now (RFC 9110 7.8): a WebSocket, say.</summary>
    Upgraded = 5,

    /// <summary>Its bytes go to an upstream, and the upstream's come back (<c>routes</c>).</summary>
    Routed = 6,

    /// <summary>Finishing what is in flight, taking nothing new.</summary>
    Draining = 7,

    /// <summary>Over.</summary>
    Closed = 8,
}
