using System.Net.Http.Headers;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Certificates.Ocsp;

/// <summary>To the OCSP actor: look what is served, and who is due. From its timer, and when certificates were published.</summary>
internal sealed record LookAtStaples : IDeadLetterSuppression
{
    public static LookAtStaples Instance { get; } = new();
}

/// <summary>
/// Keeps an OCSP answer for every certificate that names a responder: asks one at a time each, again at half of the answer's life, and keeps it on disk. If
/// it fails, the staples published stay until it is back.
/// </summary>
internal sealed class OcspActor : ReceiveActor, IWithTimers
{
    private const long LargestAnswer = 64 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(20), MaxResponseContentBufferSize = LargestAnswer };

    private readonly Func<CertificateSettings> _settings;
    private readonly PublishedCertificates _published;
    private readonly string _cacheFolder;
    private readonly PublishedStaples _staples;
    private readonly bool _canStaple;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Dictionary<ServerCertificate, StapledCertificate?> _known = new(ReferenceEqualityComparer.Instance);

    /// <param name="settings">Those in force.</param>
    /// <param name="published">What is served, and on trial.</param>
    /// <param name="stateDirectory">Where answers are kept.</param>
    /// <param name="staples">Where they go.</param>
    /// <param name="canStaple">Whether the engine can show them.</param>
    /// <param name="loggers">Make the log.</param>
    /// <param name="time">The clock that answers end by.</param>
    public OcspActor(Func<CertificateSettings> settings, PublishedCertificates published, string stateDirectory, PublishedStaples staples, bool canStaple, ILoggerFactory loggers, TimeProvider time)
    {
        _settings = settings;
        _published = published;
        _cacheFolder = Path.Combine(stateDirectory, "ocsp");
        _staples = staples;
        _canStaple = canStaple;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Certificates);
        Receive<LookAtStaples>(_ => Look());
        Receive<Answered>(OnAnswered);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(LookAtStaples), LookAtStaples.Instance, Interval);
        Self.Tell(LookAtStaples.Instance);
    }

    private void Follow()
    {
        var served = new HashSet<ServerCertificate>([.. _published.Current.Certificates, .. _published.Trial?.Candidate.Certificates ?? []], ReferenceEqualityComparer.Instance);
        foreach (ServerCertificate gone in _known.Keys.Where(known => !served.Contains(known)).ToArray())
            _known.Remove(gone);
        foreach (ServerCertificate certificate in served.Where(certificate => certificate.Source != LocalCa.SourceName && !_known.ContainsKey(certificate)))
            _known[certificate] = Begin(certificate);
    }

    private StapledCertificate? Begin(ServerCertificate certificate)
    {
        var stapled = StapledCertificate.Of(certificate, _staples, _cacheFolder, out string? why);
        if (stapled is not null && !_canStaple)
        {
            why = "names an OCSP responder, but nothing is stapled with the portable engine; use engine = event-loop";
            stapled = null;
        }

        if (why is not null)
            _log.NotStapled(certificate.Source, why);
        stapled?.Recall(_time.GetUtcNow());
        return stapled;
    }

    private void Look()
    {
        if (!_settings().OcspStapling)
            return;
        Follow();
        DateTimeOffset now = _time.GetUtcNow();
        foreach (StapledCertificate certificate in _known.Values.OfType<StapledCertificate>())
        {
            certificate.Expire(now);
            if (certificate.IsAsked || certificate.Due > now)
                continue;
            certificate.IsAsked = true;
            AskAsync(certificate).PipeTo(Self);
        }
    }

    private static async Task<Answered> AskAsync(StapledCertificate certificate)
    {
        try
        {
            using var content = new ByteArrayContent(certificate.Request);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/ocsp-request");
            using HttpResponseMessage answer = await Http.PostAsync(certificate.Responder, content);
            return answer.IsSuccessStatusCode
                ? new Answered(certificate, await answer.Content.ReadAsByteArrayAsync(), null)
                : new Answered(certificate, null, $"it answers {(int)answer.StatusCode}");
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException or IOException)
        {
            return new Answered(certificate, null, cause.Message);
        }
    }

    private void OnAnswered(Answered answered)
    {
        StapledCertificate certificate = answered.Certificate;
        certificate.IsAsked = false;
        DateTimeOffset now = _time.GetUtcNow();
        string? problem = answered.Problem;
        try
        {
            if (answered.Response is { } response)
                certificate.Take(response, now);
        }
        catch (OcspException cause)
        {
            problem = cause.Message;
        }

        if (problem is null)
        {
            _log.Stapled(certificate.Certificate.Source, certificate.Due);
            return;
        }

        certificate.Miss(now);
        _log.StapleFailed(certificate.Certificate.Source, certificate.Responder, problem.TrimEnd('.'), certificate.Due);
    }

    private sealed record Answered(StapledCertificate Certificate, byte[]? Response, string? Problem) : IDeadLetterSuppression, INoSerializationVerificationNeeded;
}
