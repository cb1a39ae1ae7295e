using Actors443.Certificates.Canary;

namespace Actors443.Certificates;

/// <summary>Holds the index that handshakes read. Written by the certificate actors alone; outlives them, so that the last good
/// certificates go on serving while a crashed actor restarts. Thread-safe, lock-free.</summary>
internal sealed class PublishedCertificates
{
    private CertificateIndex _current = CertificateIndex.Empty;
    private CanaryTrial? _trial;
    private bool _isOfCluster;

    public CertificateIndex Current => Volatile.Read(ref _current);

    /// <summary>New certificates that some clients see; null: all see the same.</summary>
    public CanaryTrial? Trial => Volatile.Read(ref _trial);

    /// <summary>Of a node in a cluster: since it has joined, what the others serve by ACME has not come yet.</summary>
    public bool AwaitsCluster
    {
        get => !Volatile.Read(ref _isOfCluster);
        set => Volatile.Write(ref _isOfCluster, !value);
    }

    public void Publish(CertificateIndex index) => Volatile.Write(ref _current, index);

    public void BeginTrial(CanaryTrial trial) => Volatile.Write(ref _trial, trial);

    public void EndTrial() => Volatile.Write(ref _trial, null);
}
