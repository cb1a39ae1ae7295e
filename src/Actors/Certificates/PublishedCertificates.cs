namespace Actors443.Certificates;

/// <summary>Holds the index that handshakes read. Written by the certificate actors alone; outlives them, so that the last good
/// certificates go on serving while a crashed actor restarts. Thread-safe, lock-free.</summary>
internal sealed class PublishedCertificates
{
    private CertificateIndex _current = CertificateIndex.Empty;

    public CertificateIndex Current => Volatile.Read(ref _current);

    public void Publish(CertificateIndex index) => Volatile.Write(ref _current, index);
}
