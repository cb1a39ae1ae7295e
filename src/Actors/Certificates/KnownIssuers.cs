using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates;

/// <summary>Certificates of authorities, each once in memory however many certificates come with it; kept as long as one of them is. Thread-safe.</summary>
internal static class KnownIssuers
{
    private const int CleanedAt = 10_000;

    private static readonly ConcurrentDictionary<Digest, WeakReference<X509Certificate2>> Known = new();

    /// <param name="der">The certificate.</param>
    /// <returns>Null: it is not known.</returns>
    public static X509Certificate2? Find(ReadOnlySpan<byte> der) =>
        Known.TryGetValue(Digest.Of(der), out WeakReference<X509Certificate2>? reference) && reference.TryGetTarget(out X509Certificate2? known) ? known : null;

    /// <summary>The one that is known, or this one from now on.</summary>
    public static X509Certificate2 Keep(X509Certificate2 certificate)
    {
        if (Find(certificate.RawDataMemory.Span) is { } known)
            return known;
        if (Known.Count >= CleanedAt)
        {
            foreach ((Digest digest, WeakReference<X509Certificate2> reference) in Known)
            {
                if (!reference.TryGetTarget(out _))
                    Known.TryRemove(digest, out _);
            }
        }

        Known[Digest.Of(certificate.RawDataMemory.Span)] = new WeakReference<X509Certificate2>(certificate);
        return certificate;
    }

    private readonly record struct Digest(UInt128 First, UInt128 Second)
    {
        public static Digest Of(ReadOnlySpan<byte> der)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(der, hash);
            return new Digest(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash[16..]));
        }
    }
}
