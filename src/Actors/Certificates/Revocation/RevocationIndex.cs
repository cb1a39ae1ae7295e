namespace Actors443.Certificates.Revocation;

/// <summary>The CRLs that are known, by the source that settings name. An immutable snapshot.</summary>
internal sealed class RevocationIndex(IReadOnlyDictionary<string, IReadOnlyList<CertificateRevocationList>> bySource)
{
    public static RevocationIndex Empty { get; } = new(new Dictionary<string, IReadOnlyList<CertificateRevocationList>>());

    public IReadOnlyDictionary<string, IReadOnlyList<CertificateRevocationList>> BySource => bySource;

    /// <summary>None: nothing could be had from there yet.</summary>
    public IReadOnlyList<CertificateRevocationList> Of(string source) => bySource.GetValueOrDefault(source) ?? [];
}

/// <summary>Holds the index that handshakes read. Written by its actor alone; outlives it. Thread-safe, lock-free.</summary>
internal sealed class PublishedRevocations
{
    private RevocationIndex _current = RevocationIndex.Empty;

    public RevocationIndex Current => Volatile.Read(ref _current);

    public void Publish(RevocationIndex index) => Volatile.Write(ref _current, index);
}
