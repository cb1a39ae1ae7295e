using System.Security.Cryptography;
using Actors443.Certificates;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli;

/// <summary>The root of the development CA in the state directory, and the trust stores of this machine.</summary>
internal sealed class LocalTrust : ILocalTrust
{
    private readonly LocalCa _ca;
    private readonly IReadOnlyList<ITrustStore> _stores;

    private LocalTrust(LocalCa ca, IReadOnlyList<ITrustStore> stores)
    {
        _ca = ca;
        _stores = stores;
    }

    public string RootPath => _ca.RootPath;

    public string Fingerprint => _ca.Root.GetCertHashString(HashAlgorithmName.SHA256);

    public DateTimeOffset NotAfter => _ca.Root.NotAfter;

    /// <exception cref="CertificateException">The CA cannot be made or read.</exception>
    public static LocalTrust Open(ServerSettings settings, DateTimeOffset now, IReadOnlyList<ITrustStore> stores) => new(LocalCa.Open(settings.Core.StateDirectory, now), stores);

    public IReadOnlyList<TrustOutcome> Install() => [.. _stores.Select(store => Try(store, store.Install))];

    public IReadOnlyList<TrustOutcome> Uninstall() => [.. _stores.Select(store => Try(store, store.Uninstall))];

    private TrustOutcome Try(ITrustStore store, Func<LocalCa, string> change)
    {
        try
        {
            return new TrustOutcome(store.Name, Done: true, change(_ca));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException or TrustStoreException)
        {
            return new TrustOutcome(store.Name, Done: false, cause.Message);
        }
    }
}

/// <summary>One store of roots that programs of this machine trust.</summary>
internal interface ITrustStore
{
    string Name { get; }

    /// <summary>Adds the root; doing it twice is the same as once. Answers what was done.</summary>
    string Install(LocalCa ca);

    /// <summary>Takes the root out; nothing to take out is no failure. Answers what was done.</summary>
    string Uninstall(LocalCa ca);
}

/// <summary>A trust store could not be changed. The message says why and what to do.</summary>
internal sealed class TrustStoreException(string message) : Exception(message);
