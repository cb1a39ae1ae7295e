using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates.Ocsp;

/// <summary>One certificate whose responder is asked, and when. Used by one thread at a time.</summary>
internal sealed class StapledCertificate
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly X509Certificate2 _issuer;
    private readonly PublishedStaples.Slot _slot;
    private readonly string _cache;
    private int _failures;

    private StapledCertificate(ServerCertificate certificate, X509Certificate2 issuer, Uri responder, PublishedStaples.Slot slot, string cacheFolder)
    {
        Certificate = certificate;
        _issuer = issuer;
        Responder = responder;
        _slot = slot;
        _cache = Path.Combine(cacheFolder, certificate.Thumbprint.ToLowerInvariant() + ".der");
    }

    public ServerCertificate Certificate { get; }

    public Uri Responder { get; }

    public bool IsAsked { get; set; }

    public DateTimeOffset Due { get; private set; }

    public byte[] Request => OcspRequest.For(Certificate.Leaf, _issuer);

    /// <summary>Null, with the reason, if there is nobody to ask.</summary>
    public static StapledCertificate? Of(ServerCertificate certificate, PublishedStaples staples, string cacheFolder, out string? why)
    {
        why = null;
        Uri? responder = certificate.Leaf.Extensions
            .OfType<X509AuthorityInformationAccessExtension>()
            .SelectMany(extension => extension.EnumerateOcspUris())
            .Select(text => Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? uri : null)
            .FirstOrDefault(uri => uri is not null);
        if (responder is null)
        {
            why = "names no OCSP responder, so that nothing is stapled; nothing needs to be done, many authorities have none any more";
            return null;
        }

        X509Certificate2? issuer = certificate.Issuers.FirstOrDefault(candidate => candidate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.Leaf.IssuerName.RawData));
        if (issuer is null)
        {
            why = "comes without its issuer, so that its OCSP responder cannot be asked; add the issuer to the chain";
            return null;
        }

        return new StapledCertificate(certificate, issuer, responder, staples.SlotOf(certificate), cacheFolder);
    }

    /// <summary>What was kept before the restart.</summary>
    public void Recall(DateTimeOffset now)
    {
        try
        {
            if (File.Exists(_cache))
                Show(OcspStaple.Read(File.ReadAllBytes(_cache), Certificate.Leaf, _issuer, now), now);
        }
        catch (Exception cause) when (cause is OcspException or IOException or UnauthorizedAccessException)
        {
            // It is asked for anew at once.
            Due = now;
        }
    }

    /// <summary>The responder's answer.</summary>
    /// <exception cref="OcspException">It cannot be used; the one before is shown until its end.</exception>
    public void Take(byte[] response, DateTimeOffset now)
    {
        Show(OcspStaple.Read(response, Certificate.Leaf, _issuer, now), now);
        _failures = 0;
        try
        {
            PrivateFile.MakeFolder(Path.GetDirectoryName(_cache)!);
            PrivateFile.Write(_cache, response, PrivateFile.Public);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // Shown all the same; only a restart has to ask again.
        }
    }

    /// <summary>Nothing usable came; asked again later, ever later.</summary>
    public void Miss(DateTimeOffset now)
    {
        _failures = Math.Min(_failures + 1, 10);
        Due = now + TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << (_failures - 1), LongestPause.Ticks));
    }

    /// <summary>A staple past its end is worse than none.</summary>
    public void Expire(DateTimeOffset now)
    {
        if (_slot.Staple is { } staple && staple.NextUpdate <= now)
            _slot.Staple = null;
    }

    private void Show(OcspStaple staple, DateTimeOffset now)
    {
        _slot.Staple = staple;
        Due = staple.ThisUpdate + (staple.NextUpdate - staple.ThisUpdate) / 2;
        if (Due < now)
            Due = now + FirstPause;
    }
}
