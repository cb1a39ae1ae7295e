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

    /// <summary>Finishing the requests in flight, taking no new ones.</summary>
    Draining = 5,

    /// <summary>Over.</summary>
    Closed = 6,
}
