using System.Diagnostics;
using System.Net;
using System.Net.Quic;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;
using Actors443.Tls;
using Akka.Actor;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.Server.Load.Sessions;

/// <summary>
/// Clients that speak HTTP/3. QUIC is the platform's (msquic), so they live beside the loops, on the thread pool: dearer than the others, and only
/// where QUIC exists.
/// </summary>
internal sealed class Http3GroupSupervisor(SteadyGroup settings, LoadSettings run) : UntypedActor
{
    private readonly LoopRecorder _recorder = new();
    private bool _finishing;

    /// <summary>Why there can be no HTTP/3 here; null: there can.</summary>
    public static string? Missing => QuicConnection.IsSupported
        ? null
        : "HTTP/3 needs QUIC, which .NET takes from libmsquic: it is not on this machine. Install it (https://learn.microsoft.com/dotnet/fundamentals/networking/quic/quic-overview), or load with h1 or h2.";

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case StartGroup:
                double? rate = settings.Rate / settings.Clients;
                for (int client = 0; client < settings.Clients; client++)
                    Context.Watch(Context.ActorOf(Props.Create<Http3SessionActor>(settings, run, rate))).Tell(Begin.Instance, Self);
                break;
            case Http3Answer answer:
                Count(answer);
                break;
            case CountGroup count:
                Context.Parent.Tell(new GroupCounted(settings.Name, count.Interval, _recorder.Take()), Self);
                break;
            case FinishGroup when !_finishing:
                _finishing = true;
                foreach (IActorRef client in Context.GetChildren())
                    client.Tell(Finish.Instance, Self);
                StopIfEmpty();
                break;
            case Terminated when _finishing:
                StopIfEmpty();
                break;
        }
    }

    private void Count(Http3Answer answer)
    {
        if (answer.Error is { } error)
            _recorder.Failed(error);
        else
            _recorder.Answered(answer.Status, answer.Microseconds);
        _recorder.BytesReceived += answer.Bytes;
        _recorder.Open += answer.Opened;
        if (answer.Opened > 0)
            _recorder.Handshaken(resumed: false, answer.Microseconds);
    }

    private void StopIfEmpty()
    {
        if (Context.GetChildren().Any())
            return;
        _recorder.Open = 0;
        Context.Parent.Tell(new GroupCounted(settings.Name, int.MaxValue, _recorder.Take()), Self);
        Context.Stop(Self);
    }
}

/// <summary>From a client to its group: what became of a request.</summary>
/// <param name="Opened">1 if it was the first on its connection, which it opened; -1 if the connection was lost.</param>
internal sealed record Http3Answer(int Status, long Microseconds, long Bytes, LoadError? Error, int Opened);

/// <summary>One simulated HTTP/3 client: a connection of its own with so many requests in flight.</summary>
internal sealed class Http3SessionActor : UntypedActor, IWithTimers, IDisposable
{
    private const int BodyBuffer = 64 * 1024;

    private readonly SteadyGroup _settings;
    private readonly HttpMessageInvoker _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri[] _addresses;
    private readonly long _timeout;
    private readonly double _interval;
    private readonly CancellationToken _ended;
    private double _nextDue;
    private int _nextAddress;
    private int _inFlight;
    private bool _open;

    public Http3SessionActor(SteadyGroup settings, LoadSettings run, double? rate)
    {
        _settings = settings;
        _ended = _stop.Token;
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = run.ConnectTimeout,
            SslOptions = Tls(run.Tls, run.Target),
        });
        IReadOnlyList<string> paths = settings.Request.Paths.Count > 0 ? settings.Request.Paths : [run.Target.PathAndQuery];
        _addresses = [.. paths.Select(path => new Uri(run.Target, path))];
        _timeout = ClientLoop.ToTicks(run.RequestTimeout);
        _interval = rate is { } perSecond ? ClientLoop.ToTicks(TimeSpan.FromSeconds(1)) / perSecond : 0;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>By Akka, when it has ended.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _stop.Dispose();
    }

    protected override void PostStop() => _stop.Cancel();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Begin:
                _nextDue = ClientLoop.Timestamp;
                Fill();
                break;
            case Http3Answer answer:
                _inFlight--;
                Context.Parent.Tell(Opening(answer), Self);
                Fill();
                break;
            case Woken:
                Fill();
                break;
            case Finish:
                Context.Stop(Self);
                break;
        }
    }

    // The first answer of a connection tells that it is open; a failure, that it is not.
    private Http3Answer Opening(Http3Answer answer)
    {
        bool opened = !_open && answer.Error is null;
        bool lost = _open && answer.Error is { Kind: not LoadErrorKind.Timeout };
        if (opened || lost)
            _open = opened;
        return answer with { Opened = opened ? 1 : lost ? -1 : 0 };
    }

    private void Fill()
    {
        while (_inFlight < _settings.Streams)
        {
            long now = ClientLoop.Timestamp;
            long due = _interval == 0 ? now : (long)_nextDue;
            if (due > now)
            {
                Timers.StartSingleTimer(nameof(Woken), Woken.Instance, Stopwatch.GetElapsedTime(now, due));
                return;
            }

            _nextDue += _interval;
            _inFlight++;
            _ = AskAsync(_addresses[_nextAddress++ % _addresses.Length], due).PipeTo(Self);
        }
    }

    private async Task<Http3Answer> AskAsync(Uri address, long due)
    {
        using var request = new HttpRequestMessage(new HttpMethod(_settings.Request.Method), address) { Version = HttpVersion.Version30, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (!_settings.Request.Body.IsEmpty)
            request.Content = new ReadOnlyMemoryContent(_settings.Request.Body);
        foreach ((string name, string value) in _settings.Request.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content?.Headers.TryAddWithoutValidation(name, value);
        }

        // Ended with the client; the token outlives its source.
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_ended);
        timeout.CancelAfter(Stopwatch.GetElapsedTime(0, _timeout));
        long bytes = 0;
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, timeout.Token);
            await using Stream body = await response.Content.ReadAsStreamAsync(timeout.Token);
            byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(BodyBuffer);
            try
            {
                for (int count; (count = await body.ReadAsync(buffer, timeout.Token)) > 0;)
                    bytes += count;
            }
            finally
            {
                System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
            }

            return new Http3Answer((int)response.StatusCode, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - due), bytes, null, 0);
        }
        catch (OperationCanceledException)
        {
            return new Http3Answer(0, 0, bytes, new LoadError(LoadErrorKind.Timeout, "answer"), 0);
        }
        catch (Exception cause) when (cause is HttpRequestException or IOException or QuicException or AuthenticationException)
        {
            return new Http3Answer(0, 0, bytes, Classify(cause), 0);
        }
    }

    // QUIC is what brought the exception: where it is missing, this is never called.
#pragma warning disable CA1416
    private static LoadError Classify(Exception cause) => cause.GetBaseException() switch
    {
        QuicException { QuicError: QuicError.ConnectionRefused } => new LoadError(LoadErrorKind.Refused),
        QuicException { QuicError: QuicError.ConnectionTimeout or QuicError.ConnectionIdle } => new LoadError(LoadErrorKind.Timeout, "connect"),
        QuicException { QuicError: QuicError.ConnectionAborted or QuicError.StreamAborted } => new LoadError(LoadErrorKind.Reset, "answer"),
        AuthenticationException authentication => new LoadError(LoadErrorKind.Tls, authentication.Message),
        var other => new LoadError(LoadErrorKind.Protocol, other.Message),
    };
#pragma warning restore CA1416

    private static SslClientAuthenticationOptions Tls(ClientTlsSettings tls, Uri target)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = tls.ServerName ?? target.IdnHost };
        if (!tls.Verify)
        {
#pragma warning disable CA5359 // As every load tester: verifying is asked for.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (tls.CaFile is { } file)
        {
            options.CertificateChainPolicy = TrustedRoots.PolicyOf(TrustedRoots.Load(file));
        }

        if (tls.ClientCertificate is { } certificate)
            options.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, tls.ClientKey ?? certificate)];
        return options;
    }
}
