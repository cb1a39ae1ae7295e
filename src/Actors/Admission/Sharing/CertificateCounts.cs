using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;

namespace Actors443.Admission.Sharing;

/// <summary>Connections by client certificate (<c>admission.per-certificate</c>). Counted from the end of the handshake. Thread-safe.</summary>
internal sealed class CertificateCounts(CertificateLimitSettings settings, SharedLimits sharing) : ISharedCounts
{
    private readonly ConcurrentDictionary<string, CertificateCount> _counts = new(StringComparer.Ordinal);
    private volatile CertificateLimitSettings _settings = settings;

    public string Kind => "certificate";

    public IEnumerable<SharedCount> All => _counts.Select(pair => pair.Value);

    public bool IsLimited => _settings.Connections > 0;

    public int LimitOf(SharedCount count) => _settings.Connections;

    public SharedCount? Find(string key, bool make) => make ? _counts.GetOrAdd(key, static key => new CertificateCount(key)) : _counts.GetValueOrDefault(key);

    /// <summary>For connections to come.</summary>
    public void Apply(CertificateLimitSettings settings) => _settings = settings;

    /// <summary>Counts the connection; null: the certificate has as many as it may.</summary>
    public SharedCount? TryEnter(X509Certificate2 certificate)
    {
        string key = $"{Kind}:{Convert.ToHexStringLower(SHA256.HashData(certificate.RawDataMemory.Span))}";
        while (true)
        {
            CertificateCount count = _counts.GetOrAdd(key, static key => new CertificateCount(key));
            int limit = _settings.Connections;
            switch (count.TryEnter(limit))
            {
                case EnterResult.Entered:
                    sharing.Changed(count, limit);
                    return count;
                case EnterResult.Retired:
                    // Whoever left last is taking it away; the next turn makes a new one.
                    _counts.TryRemove(new KeyValuePair<string, CertificateCount>(key, count));
                    break;
                default:
                    return null;
            }
        }
    }

    /// <summary>Once for each that entered.</summary>
    public void Leave(SharedCount count)
    {
        count.Leave();
        sharing.Changed(count, _settings.Connections);
        Sweep(count);
    }

    public void Sweep()
    {
        foreach ((string _, CertificateCount count) in _counts)
            Sweep(count);
    }

    private void Sweep(SharedCount count)
    {
        if (count.TryRetire())
            _counts.TryRemove(new KeyValuePair<string, CertificateCount>(count.Key, (CertificateCount)count));
    }

    private sealed class CertificateCount(string key) : SharedCount
    {
        public override string Key => key;
    }
}
