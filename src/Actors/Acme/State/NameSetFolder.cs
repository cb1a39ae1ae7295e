using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Actors443.Acme.Protocol;
using Actors443.Certificates;
using Actors443.Configuration;

namespace Actors443.Acme.State;

/// <summary>
/// The folder of one name set: <c>order.json</c>, and a key and a chain for each generation (<c>3.key</c>, <c>3.pem</c>). A generation whose key and chain are there and
/// fit is a certificate, whatever <c>order.json</c> says; so nothing but a lost key costs another order. Used by one thread at a time.
/// </summary>
internal sealed class NameSetFolder
{
    /// <summary>Where the folders of all name sets are.</summary>
    public const string Entries = "certificates";

    /// <summary>The name of the file of the order.</summary>
    public const string RecordFile = "order.json";

    private readonly string _path;

    /// <param name="stateDirectory">Of the server.</param>
    /// <param name="names">The set.</param>
    public NameSetFolder(string stateDirectory, IReadOnlyList<string> names)
    {
        Names = names;
        Id = IdOf(names);
        _path = Path.Combine(FolderIn(stateDirectory), Entries, Id);
    }

    public IReadOnlyList<string> Names { get; }

    /// <summary>A name for the folder and the actor: the first name and a digest of all.</summary>
    public string Id { get; }

    /// <summary>As an <see cref="IAcmeReplication"/> names it.</summary>
    public string Entry => $"{Entries}/{Id}";

    private string RecordPath => Path.Combine(_path, RecordFile);

    public static string FolderIn(string stateDirectory) => Path.Combine(stateDirectory, "acme");

    public static string IdOf(IReadOnlyList<string> names)
    {
        string[] all = [.. names.Select(name => name.ToLowerInvariant()).Order(StringComparer.Ordinal)];
        return $"{FileName(all[0])}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(',', all))))[..12]}";
    }

    /// <summary>A text as part of a file's name.</summary>
    public static string FileName(string text)
    {
        char[] safe = [.. text.ToLowerInvariant().Take(64).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_')];
        return new string(safe).Trim('.');
    }

    /// <summary>What was kept; a new record if there is none, or none that can be used.</summary>
    public OrderRecord Load(out string? problem) =>
        AcmeJsonFile.Read<OrderRecord>(RecordPath, out problem) is { Names: not null, Story: not null, Worked: not null, Failed: not null, NotBefore: not null, DnsRecords: not null, Answers: not null } record
            ? record with { Names = Names }
            : new OrderRecord { Names = Names };

    public void Save(OrderRecord record) => AcmeJsonFile.Write(RecordPath, record);

    /// <summary>The newest certificate that can be served, and its generation; null: there is none.</summary>
    /// <param name="now">What has ended by then is none.</param>
    /// <param name="problems">Gets a line for each that should be one and is not.</param>
    public (ServerCertificate Certificate, long Generation)? LoadNewest(DateTimeOffset now, ICollection<string> problems)
    {
        foreach (long generation in Generations("*.pem"))
        {
            try
            {
                return (CertificateLoader.Load(new CertificateFileSettings { Chain = ChainPath(generation), Key = KeyPath(generation), Names = Names }, now, CertificateValidation.ClockTolerance), generation);
            }
            catch (CertificateException problem)
            {
                problems.Add(problem.Message);
            }
        }

        return null;
    }

    /// <summary>The generation after all that there are.</summary>
    public long NextGeneration() => Generations("*.pem").Concat(Generations("*.key")).DefaultIfEmpty(0).Max() + 1;

    public void SaveKey(long generation, CertificateKey key)
    {
        PrivateFile.MakeFolder(_path);
        PrivateFile.Write(KeyPath(generation), Encoding.ASCII.GetBytes(key.ToPem()));
    }

    /// <summary>Null: it is not there, or is no key.</summary>
    public CertificateKey? LoadKey(long generation)
    {
        try
        {
            return CertificateKey.FromPem(File.ReadAllText(KeyPath(generation)), KeyPath(generation));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CertificateException)
        {
            return null;
        }
    }

    public void SaveChain(long generation, CertificateChain chain) => PrivateFile.Write(ChainPath(generation), Encoding.ASCII.GetBytes(chain.ToPem()));

    /// <summary>Removes all but this generation and the certificate before it.</summary>
    public void Prune(long current)
    {
        long before = Generations("*.pem").FirstOrDefault(generation => generation < current);
        foreach (long generation in Generations("*.pem").Concat(Generations("*.key")).Distinct().Where(generation => generation != current && generation != before).ToArray())
        {
            File.Delete(ChainPath(generation));
            File.Delete(KeyPath(generation));
        }
    }

    private string ChainPath(long generation) => Path.Combine(_path, generation.ToString(CultureInfo.InvariantCulture) + ".pem");

    private string KeyPath(long generation) => Path.Combine(_path, generation.ToString(CultureInfo.InvariantCulture) + ".key");

    // The newest first.
    private IReadOnlyList<long> Generations(string pattern)
    {
        if (!Directory.Exists(_path))
            return [];
        return [.. Directory.EnumerateFiles(_path, pattern)
            .Select(file => long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out long generation) ? generation : 0)
            .Where(generation => generation > 0).OrderDescending()];
    }
}
