using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Cluster.Identity;
using Actors443.Identities;
using Actors443.Telemetry;

namespace Actors443.Remoting.Identity;

/// <summary>
/// The identity of a node as its files and its secret have it. They are looked at for each association that begins, so that what has changed counts from then on; associations that there
/// are go on. What is bad when it is read leaves what was good before in force. Thread-safe.
/// </summary>
internal sealed class IdentitySource
{
    private readonly RemotingSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _change = new();
    private readonly X509Certificate2? _secretAuthority;
    private readonly ServerCertificate? _ownCertificate;
    private volatile RevokedIdentities _revoked = new();
    private volatile Loaded _loaded;
    private long _changedAt;

    /// <exception cref="CertificateException">There is none to begin with; the message names the setting and the fix.</exception>
    public IdentitySource(RemotingSettings settings, ILogger log, TimeProvider time)
    {
        _settings = settings;
        _log = log;
        _time = time;
        if (settings.Secret is not null)
        {
            var cluster = new ClusterCertificates(ClusterKeys.Read(settings.Secret, RemotingSettings.Path + ".secret"));
            _secretAuthority = cluster.Root;
            if (settings.Certificate is null)
                _ownCertificate = cluster.IssueForServer(settings.Public.PlainHost);
        }
        else if (settings.Certificate is null)
        {
            throw new CertificateException($"{RemotingSettings.Path}: this node has no certificate; write secret = \"file:cluster.secret\" (what all nodes share: openssl rand -base64 48), or certificate {{ chain = \"…pem\", key = \"…key\" }} and ca = [\"…pem\"].");
        }
        else if (settings.Authorities.Count == 0)
        {
            throw new CertificateException($"{RemotingSettings.Path}.ca is empty; name the PEM file of the CA that issues the certificates of the nodes.");
        }

        Dictionary<string, FileStamp> stamps = Stamps();
        _loaded = new Loaded(Load(), stamps);
    }

    /// <summary>How often another identity has come into force.</summary>
    public int Changes { get; private set; }

    /// <summary>The same, once the files have been looked at: what is verified from now on is verified by that, or by what follows.</summary>
    public int Generation
    {
        get
        {
            _ = Current;
            return Changes;
        }
    }

    /// <summary>The same of a handshake that began so long ago: if the files have changed since, it is not by what they are now.</summary>
    public int GenerationSince(TimeSpan age)
    {
        int now = Generation;
        return _time.GetElapsedTime(Volatile.Read(ref _changedAt)) <= age ? now - 1 : now;
    }

    /// <summary>What holds for an association that begins now.</summary>
    public PeerIdentity Current
    {
        get
        {
            if (_loaded.Seen.Count == 0 || _loaded.Seen.All(file => FileStamp.Of(file.Key) == file.Value))
                return _loaded.Identity;
            lock (_change)
                Look();
            return _loaded.Identity;
        }
    }

    /// <summary>Whom the server that this system is reached by has revoked.</summary>
    public RevokedIdentities Revoked
    {
        get => _revoked;
        set
        {
            lock (_change)
            {
                _revoked = value;
                _loaded = _loaded with { Identity = _loaded.Identity.With(value) };
            }
        }
    }

    private IEnumerable<string> Files => [.. new[] { _settings.Certificate?.Chain, _settings.Certificate?.Key }.OfType<string>(), .. _settings.Authorities];

    private void Look()
    {
        Dictionary<string, FileStamp> stamps = Stamps();
        if (_loaded.Seen.All(file => stamps[file.Key] == file.Value))
            return;
        try
        {
            _loaded = new Loaded(Load(), stamps);
            Changes++;
            Volatile.Write(ref _changedAt, _time.GetTimestamp());
            _log.IdentityChanged(_settings.Public.ToString(), _loaded.Identity.Certificate.Thumbprint, _loaded.Identity.Authorities.Count);
        }
        catch (CertificateException cause)
        {
            // Half of a pair, perhaps: looked at again when it changes again.
            _loaded = _loaded with { Seen = stamps };
            _log.IdentityNotChanged(_settings.Public.ToString(), cause.Message);
        }
    }

    private PeerIdentity Load()
    {
        ServerCertificate certificate = _ownCertificate ?? CertificateLoader.Load(_settings.Certificate!, _time.GetUtcNow());
        if (!PeerRules.IsFor(certificate.Leaf, _settings.Public.PlainHost))
            throw new CertificateException($"{certificate.Source}: is not for {_settings.Public.PlainHost} (but {string.Join(", ", certificate.Names)}), by which the other nodes reach this one; have it issued for that, or correct public-hostname.");
        var authorities = new X509Certificate2Collection();
        if (_secretAuthority is not null)
            authorities.Add(_secretAuthority);
        foreach (string file in _settings.Authorities)
            Import(authorities, file);
        return new PeerIdentity(certificate, authorities, _settings.Rules, _revoked);
    }

    private static void Import(X509Certificate2Collection authorities, string file)
    {
        int before = authorities.Count;
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CertificateException($"{RemotingSettings.Path}.ca: {file} cannot be read ({cause.Message}); name a readable PEM file of CA certificates.", cause);
        }

        if (authorities.Count == before)
            throw new CertificateException($"{RemotingSettings.Path}.ca: {file} holds no certificate; it must be PEM with the CA that issues the certificates of the nodes.");
    }

    // Before they are read: what is written meanwhile is seen as a change.
    private Dictionary<string, FileStamp> Stamps() => Files.Distinct(StringComparer.Ordinal).ToDictionary(file => file, FileStamp.Of, StringComparer.Ordinal);

    private sealed record Loaded(PeerIdentity Identity, Dictionary<string, FileStamp> Seen);
}
