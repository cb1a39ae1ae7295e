namespace Actors443.Admission;

/// <summary>How the server answers load.</summary>
public enum AdmissionMode
{
    /// <summary>Everything is accepted.</summary>
    Normal = 0,

    /// <summary>New requests get 503 with Retry-After, idle connections go first, keep-alive is short.</summary>
    Shedding = 1,

    /// <summary>No connection is accepted; the kernel's backlog holds the clients back.</summary>
    Paused = 2,
}
