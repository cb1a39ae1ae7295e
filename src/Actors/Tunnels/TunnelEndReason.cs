namespace Actors443.Tunnels;

/// <summary>Why a tunnel ended.</summary>
internal enum TunnelEndReason
{
    /// <summary>It has not.</summary>
    None = 0,

    /// <summary>Both sides had said all.</summary>
    ClientClosed,

    /// <summary>The target ended it in order.</summary>
    TargetClosed,

    /// <summary>The client reset it or vanished.</summary>
    ClientReset,

    /// <summary>The target reset it or vanished.</summary>
    TargetReset,

    /// <summary>No byte either way for too long.</summary>
    IdleTimeout,

    /// <summary>Open for too long.</summary>
    AgeLimit,

    /// <summary>Somebody asked for it: <c>actors443 tunnel kill</c>.</summary>
    Killed,

    /// <summary>New settings do not allow it.</summary>
    NotAllowedAnyMore,

    /// <summary>Its account, or what proved it, was revoked.</summary>
    Revoked,

    /// <summary>Its client did not come back in time (sessions).</summary>
    ResumeTimeout,

    /// <summary>Its client has come on another connection (sessions: of the one before).</summary>
    Superseded,

    /// <summary>The client broke the rules of what it carries.</summary>
    ProtocolError,

    /// <summary>Its actor, or that of its connection, was stopped.</summary>
    ActorStopped,

    /// <summary>The server itself failed.</summary>
    InternalError,
}
