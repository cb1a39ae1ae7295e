namespace Actors443.Acme.Orders;

/// <summary>What an order is doing.</summary>
internal enum AcmeOrderState
{
    /// <summary>A certificate is served, and its renewal is not due.</summary>
    Waiting,

    /// <summary>Until budget and other orders leave room.</summary>
    Queued,

    /// <summary>Asks for an order, and for an account if there is none yet.</summary>
    Ordering,

    /// <summary>Looks at what the CA wants shown.</summary>
    Authorizing,

    /// <summary>Publishes answers and tells the CA.</summary>
    Answering,

    /// <summary>The CA looks.</summary>
    Validating,

    /// <summary>The signing request is sent; the CA issues.</summary>
    Finalizing,

    /// <summary>Fetches and examines the certificate.</summary>
    Downloading,

    /// <summary>After a failure, until the next attempt.</summary>
    BackingOff,
}
