using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Acme.Protocol;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Telemetry;

namespace Actors443.Acme.State;

/// <summary>
/// Our account with one CA: its key is kept before the CA hears of it, so that no account is ever made twice. Thread-safe: the first who needs the account makes it, the
/// others wait for that.
/// </summary>
internal sealed class IssuerAccount : IDisposable
{
    /// <summary>Where the folders of all accounts are.</summary>
    public const string Entries = "accounts";

    private readonly AcmeSettings _settings;
    private readonly AcmeIssuerSettings _issuer;
    private readonly ILogger _log;
    private readonly string _folder;
    private readonly IAcmeReplication _replication;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private AcmeKey? _key;
    private AcmeAccount? _account;

    public IssuerAccount(AcmeIssuerSettings issuer, bool staging, AcmeSettings settings, string stateDirectory, IAcmeReplication replication, TimeProvider time, AcmeMetrics metrics, ILogger log)
    {
        _issuer = issuer;
        _settings = settings;
        _replication = replication;
        _log = log;
        Name = staging ? issuer.Name + " staging" : issuer.Name;
        Uri directory = staging ? issuer.Staging! : issuer.Directory;
        // By directory: the same name with another one is another CA.
        Entry = $"{Entries}/{NameSetFolder.FileName(Name)}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory.AbsoluteUri)))[..12]}";
        _folder = Path.Combine(NameSetFolder.FolderIn(stateDirectory), Entry);
        Client = new AcmeClient(
            new AcmeIssuer(Name, directory)
            {
                TrustedRoots = issuer.TrustedRoots is { } roots ? TrustedRoots(roots, log) : [],
                Timeout = settings.RequestTimeout,
            },
            time,
            metrics);
        Budget = new OrderBudget(Path.Combine(_folder, "orders.json"), settings.BudgetOrders, settings.BudgetWindow);
    }

    public string Name { get; }

    /// <summary>As an <see cref="IAcmeReplication"/> names it.</summary>
    public string Entry { get; }

    public AcmeClient Client { get; }

    /// <summary>Of new orders; for the supervisor alone.</summary>
    public OrderBudget Budget { get; }

    private string KeyPath => Path.Combine(_folder, "account.key");

    private string RecordPath => Path.Combine(_folder, "account.json");

    /// <summary>The account, made if there is none.</summary>
    /// <exception cref="AcmeException">The CA cannot be reached, or refuses.</exception>
    /// <exception cref="IOException">The key cannot be kept.</exception>
    public async Task<AcmeAccount> GetAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_account is not null)
                return _account;
            _key ??= LoadOrMakeKey();
            if (AcmeJsonFile.Read<AccountRecord>(RecordPath, out string? problem) is { Url: { IsAbsoluteUri: true } url, Thumbprint: { } thumbprint } && thumbprint == _key.Thumbprint)
                return _account = new AcmeAccount(_key, url);
            if (problem is not null)
                _log.AcmeStateUnusable(problem);
            _replication.Changed(Entry);
            await _replication.AgreedAsync(Entry, cancellationToken);
            ExternalAccountBinding? binding = _issuer.ExternalAccount is { } external ? new ExternalAccountBinding(external.KeyId, Secret.Resolve(external.Key)!) : null;
            AcmeAccount account = await Client.CreateAccountAsync(_key, _settings.Email is { } email ? [email] : [], _settings.AgreeToTerms, binding, cancellationToken);
            AcmeJsonFile.Write(RecordPath, new AccountRecord(account.Url, _key.Thumbprint));
            _replication.Changed(Entry);
            _log.AcmeAccount(Name, account.Url);
            return _account = account;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The CA does not know the account any more: the next call makes it again, with the same key.</summary>
    public void Forget(AcmeAccount account)
    {
        if (Interlocked.CompareExchange(ref _account, null, account) == account)
        {
            File.Delete(RecordPath);
            _replication.Changed(Entry);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        _key?.Dispose();
        _turn.Dispose();
    }

    private static IReadOnlyList<X509Certificate2> TrustedRoots(string path, ILogger log)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // It was good when the settings were read. Without it the CA is not trusted, and that is said by name when it is asked.
            log.AcmeStateUnusable($"{path}: cannot be read ({cause.Message}); write the roots again and reload");
        }

        return [.. roots];
    }

    private AcmeKey LoadOrMakeKey()
    {
        if (File.Exists(KeyPath))
        {
            try
            {
                return AcmeKey.FromPem(File.ReadAllText(KeyPath), KeyPath);
            }
            catch (CertificateException problem)
            {
                // Kept for people: with a back-up of it the old account is ours again.
                _log.AcmeStateUnusable($"{problem.Message} A new account is made; the file stays as {KeyPath}.bad");
                File.Move(KeyPath, KeyPath + ".bad", overwrite: true);
            }
        }

        AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);
        PrivateFile.MakeFolder(_folder);
        PrivateFile.Write(KeyPath, Encoding.ASCII.GetBytes(key.ToPem()));
        return key;
    }

    private sealed record AccountRecord(Uri Url, string Thumbprint);
}
