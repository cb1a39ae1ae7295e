using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>What is known of one certificate's files: the last that was good, and what is wrong with them now.</summary>
internal sealed class KnownCertificate
{
    private string? _digest;

    public ServerCertificate? Certificate { get; set; }

    public FileProblem? Problem { get; private set; }

    /// <summary>Loads the certificate if the files have changed, or were bad: time and rights heal some problems.</summary>
    public void Look(CertificateFileSettings files, DateTimeOffset now)
    {
        // Before they are loaded: what changes in between differs from it at the next look.
        string digest = FileDigest.Of(files);
        bool changed = digest != _digest;
        if (!changed && Problem is null)
            return;
        try
        {
            ServerCertificate loaded = CertificateLoader.Load(files, now);
            // The same certificate stays the same object, and with it its TLS sessions.
            if (!loaded.ShowsTheSameAs(Certificate))
                Certificate = loaded;
            Problem = null;
        }
        catch (CertificateException problem)
        {
            // Files that changed once more get the benefit of the doubt once more.
            DateTimeOffset since = Problem is { IsGone: false } before && !changed ? before.Since : now;
            Problem = new FileProblem(problem.Message, since, IsGone: false);
        }

        _digest = digest;
    }

    /// <summary>The files are not there any more.</summary>
    public void Miss(string source, DateTimeOffset now)
    {
        _digest = null;
        if (Problem is not { IsGone: true })
            Problem = new FileProblem($"{source}: the file is gone; its last certificate is served until it is back, another covers its names, or the server is given new settings or restarted.", now, IsGone: true);
    }
}
