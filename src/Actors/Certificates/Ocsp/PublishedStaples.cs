using System.Runtime.CompilerServices;

namespace Actors443.Certificates.Ocsp;

/// <summary>The staples that handshakes show, by certificate. Written by the OCSP actor alone; outlives it. Thread-safe, lock-free to read.</summary>
internal sealed class PublishedStaples
{
    private readonly ConditionalWeakTable<ServerCertificate, Slot> _slots = [];

    /// <summary>Where this certificate's staple is; the same for as long as the certificate lives.</summary>
    public Slot SlotOf(ServerCertificate certificate) => _slots.GetOrCreateValue(certificate);

    internal sealed class Slot
    {
        private OcspStaple? _staple;

        /// <summary>Null: there is none, and nothing is shown.</summary>
        public OcspStaple? Staple
        {
            get => Volatile.Read(ref _staple);
            set => Volatile.Write(ref _staple, value);
        }
    }
}
