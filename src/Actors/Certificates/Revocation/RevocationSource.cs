using System.Security.Cryptography;
using System.Text;

namespace Actors443.Certificates.Revocation;

/// <summary>Where a CRL comes from: a file, or a URL whose last answer is kept on disk so that a restart needs nobody. Used by one thread at a time.</summary>
/// <param name="name">As the settings name it: an absolute path, or http(s)://…</param>
/// <param name="cacheFolder">For URLs.</param>
internal sealed class RevocationSource(string name, string cacheFolder)
{
    /// <summary>No answer is kept longer than this without asking again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMinutes(1);

    private (DateTime Written, long Length) _seen;
    private int _failures;

    public string Name => name;

    public bool IsUrl { get; } = IsUrlOf(name);

    public IReadOnlyList<CertificateRevocationList> Lists { get; private set; } = [];

    /// <summary>What is wrong now, for people; null: nothing.</summary>
    public string? Problem { get; private set; }

    /// <summary>When to ask a URL again.</summary>
    public DateTimeOffset Due { get; private set; }

    /// <summary>A request is out.</summary>
    public bool IsAsked { get; set; }

    private string CachePath => Path.Combine(cacheFolder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..32] + ".crl");

    public static bool IsUrlOf(string name) => name.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || name.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Looks at the file; true: there are other lists now.</summary>
    public bool Look()
    {
        string path = IsUrl ? CachePath : name;
        try
        {
            var file = new FileInfo(path);
            if (IsUrl && (!file.Exists || Lists.Count > 0))
                return false;
            (DateTime, long) now = (file.LastWriteTimeUtc, file.Exists ? file.Length : -1);
            if (now == _seen && Problem is null)
                return false;
            Lists = CertificateRevocationList.Read(File.ReadAllBytes(path));
            _seen = now;
            Problem = null;
            return true;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            Fail(cause.Message);
            return false;
        }
    }

    /// <summary>What the URL answered; true: there are other lists now.</summary>
    public bool Take(byte[] content, DateTimeOffset now)
    {
        IsAsked = false;
        try
        {
            IReadOnlyList<CertificateRevocationList> lists = CertificateRevocationList.Read(content);
            // An answer from before must not take revocations back.
            if (Lists.Count > 0 && lists.Max(list => list.ThisUpdate) < Lists.Max(list => list.ThisUpdate))
                throw new CryptographicException("it is older than the one before");
            Lists = lists;
            Problem = null;
            _failures = 0;
            DateTimeOffset? next = lists.Min(list => list.NextUpdate);
            TimeSpan wait = next is { } end ? (end - now) / 2 : LongestWait;
            Due = now + TimeSpan.FromTicks(Math.Clamp(wait.Ticks, ShortestWait.Ticks, LongestWait.Ticks));
            PrivateFile.MakeFolder(cacheFolder);
            PrivateFile.Write(CachePath, content, PrivateFile.Public);
            return true;
        }
        catch (CryptographicException cause)
        {
            Miss(cause.Message, now);
            return false;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // In force all the same; only a restart would miss it.
            Problem = $"{name}: cannot be kept on disk ({cause.Message})";
            return true;
        }
    }

    /// <summary>The URL gave nothing.</summary>
    public void Miss(string why, DateTimeOffset now)
    {
        IsAsked = false;
        _failures = Math.Min(_failures + 1, 8);
        Due = now + TimeSpan.FromTicks(Math.Min(ShortestWait.Ticks << _failures, LongestWait.Ticks));
        Fail(why);
    }

    private void Fail(string why) => Problem = $"{name}: {why.TrimEnd('.')}; {(Lists.Count > 0 ? "the list before is in force" : "without it no client certificate is accepted")}.";
}
