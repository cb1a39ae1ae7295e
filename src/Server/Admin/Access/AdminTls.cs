using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.Configuration;
using Actors443.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using KestrelMode = Microsoft.AspNetCore.Server.Kestrel.Https.ClientCertificateMode;

namespace Actors443.Server.Admin.Access;

/// <summary>Mutual TLS of the admin server: its own certificate, the CAs whose clients may come in, and their names. Thread-safe.</summary>
internal sealed class AdminTls : IDisposable
{
    private readonly X509Certificate2Collection _chain;
    private readonly X509Certificate2 _certificate;
    private readonly ClientCertificateVerifier _clients;
    private readonly IReadOnlyList<string> _names;

    private AdminTls(X509Certificate2 certificate, X509Certificate2Collection chain, ClientCertificateVerifier clients, IReadOnlyList<string> names)
    {
        _certificate = certificate;
        _chain = chain;
        _clients = clients;
        _names = names;
    }

    /// <exception cref="AdminException">A file cannot be used.</exception>
    public static AdminTls Load(AdminTlsSettings settings)
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(settings.Certificate);
            // The platform's TLS on Windows takes no key that is in memory alone.
            using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(settings.Certificate, settings.Key);
            X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
            return new AdminTls(certificate, chain, ClientCertificateVerifier.Load(new ClientCertificateSettings(Actors443.Configuration.ClientCertificateMode.Required, settings.Ca)), settings.Names);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AdminException($"actors443.admin.tls: {settings.Certificate} with {settings.Key} cannot be used: {cause.Message} Name a PEM certificate and its key", cause);
        }
        catch (ClientCaException cause)
        {
            throw new AdminException($"actors443.admin.tls: {cause.Message}", cause);
        }
    }

    public void Configure(HttpsConnectionAdapterOptions https)
    {
        https.ServerCertificate = _certificate;
        https.ServerCertificateChain = _chain;
        https.ClientCertificateMode = KestrelMode.RequireCertificate;
        https.ClientCertificateValidation = (certificate, chain, _) =>
            _clients.Verify(certificate, chain?.ChainElements.Select(element => element.Certificate) ?? []) == ClientVerdict.Accepted && NameIn(certificate) is not null;
    }

    /// <summary>By what name its bearer comes in; null: by none.</summary>
    public string? NameIn(X509Certificate2 certificate)
    {
        string[] own = [.. CertificateValidation.NamesOf(certificate), certificate.GetNameInfo(X509NameType.SimpleName, false), certificate.GetNameInfo(X509NameType.EmailName, false)];
        return _names.Count == 0 ? own.FirstOrDefault(name => name.Length > 0) ?? certificate.Subject : own.FirstOrDefault(name => _names.Contains(name, StringComparer.OrdinalIgnoreCase));
    }

    public void Dispose()
    {
        _certificate.Dispose();
        foreach (X509Certificate2 certificate in _chain)
            certificate.Dispose();
    }
}
