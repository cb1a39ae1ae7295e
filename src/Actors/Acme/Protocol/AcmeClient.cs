using System.Text.Json;
using Actors443.Telemetry;

namespace Actors443.Acme.Protocol;

/// <summary>
/// One CA by RFC 8555. Every call is one step and one request (besides nonces, and the directory once an hour); nothing here waits, polls or keeps state
/// that must survive, so that who drives it can stop and go on between any two calls. All calls throw <see cref="AcmeException"/>, and
/// <see cref="OperationCanceledException"/> if cancelled. Thread-safe.
/// </summary>
internal sealed partial class AcmeClient : IDisposable
{
    private static readonly TimeSpan DirectoryLifetime = TimeSpan.FromHours(1);

    private readonly AcmeTransport _transport;
    private readonly TimeProvider _time;
    private Known? _known;

    public AcmeClient(AcmeIssuer issuer, TimeProvider time, AcmeMetrics metrics)
    {
        Issuer = issuer;
        _time = time;
        _transport = new AcmeTransport(issuer, time, metrics);
    }

    public AcmeIssuer Issuer { get; }

    /// <summary>What the CA offers; asked for once an hour.</summary>
    public async Task<AcmeDirectory> GetDirectoryAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known && _time.GetElapsedTime(known.Since) < DirectoryLifetime)
            return known.Directory;
        AcmeAnswer answer = await _transport.GetAsync(Issuer.Directory, cancellationToken);
        AcmeDirectory directory = ReadDirectory(new AcmeJson(_transport, answer));
        _known = new Known(directory, _time.GetTimestamp());
        return directory;
    }

    public void Dispose() => _transport.Dispose();

    private static AcmeDirectory ReadDirectory(AcmeJson json)
    {
        AcmeJson? meta = json.Object("meta");
        return new AcmeDirectory
        {
            NewNonce = json.Url("newNonce"),
            NewAccount = json.Url("newAccount"),
            NewOrder = json.Url("newOrder"),
            RevokeCertificate = json.Url("revokeCert"),
            KeyChange = json.OptionalUrl("keyChange"),
            RenewalInfo = json.OptionalUrl("renewalInfo"),
            TermsOfService = meta?.LinkForPeople("termsOfService"),
            Website = meta?.LinkForPeople("website"),
            CaaIdentities = meta?.Texts("caaIdentities") ?? [],
            ExternalAccountRequired = meta?.Flag("externalAccountRequired") ?? false,
            Profiles = meta?.Object("profiles")?.Members() ?? new Dictionary<string, string>(),
        };
    }

    /// <summary>A request in the name of an account.</summary>
    private async Task<AcmeAnswer> PostAsync(AcmeAccount account, Uri url, ReadOnlyMemory<byte> payload, string? accept, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        return await _transport.PostAsync(url, directory.NewNonce, nonce => Jws.Sign(account.Key, account.Url, url, nonce, payload.Span), accept, cancellationToken);
    }

    private Task<AcmeAnswer> PostAsync(AcmeAccount account, Uri url, Action<Utf8JsonWriter> payload, CancellationToken cancellationToken) =>
        PostAsync(account, url, Jws.Json(payload), null, cancellationToken);

    /// <summary>POST-as-GET (RFC 8555 6.3).</summary>
    private Task<AcmeAnswer> PostAsGetAsync(AcmeAccount account, Uri url, CancellationToken cancellationToken, string? accept = null) =>
        PostAsync(account, url, ReadOnlyMemory<byte>.Empty, accept, cancellationToken);

    private sealed record Known(AcmeDirectory Directory, long Since);
}
