using System.IO.Pipelines;
using System.Net.Security;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Routing;
using Microsoft.AspNetCore.Connections.Features;

namespace Actors443.TestKit;

/// <summary>A connection without socket and TLS: its handshake comes to whatever the test says.</summary>
internal sealed class InMemoryConnection : EngineConnection, IRoutedClient, IDuplexPipe
{
    private readonly TestClient _client;
    private readonly InMemoryStream _server;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private InMemoryConnectionContext? _http;
    private int _ended;
    private bool _closeAsked;
    private bool _wasCutOff;
    private bool _hasPeerEnded;

    public InMemoryConnection(TestClient client, string listener, MonotonicClock clock)
        : base(listener, client.Remote, client.Local, clock)
    {
        _client = client;
        (ClientStream, _server) = InMemoryStream.CreatePair();
        _server.OnRead = Arrived;
        _server.OnWritten = count => BytesWritten += count;
        _server.OnPeerEnded = PeerEnded;
        Input = PipeReader.Create(_server, new StreamPipeReaderOptions(leaveOpen: true));
        Output = PipeWriter.Create(_server, new StreamPipeWriterOptions(leaveOpen: true));
    }

    /// <summary>The client's end.</summary>
    public InMemoryStream ClientStream { get; }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>The client says no more.</summary>
    public bool HasPeerEnded => Volatile.Read(ref _hasPeerEnded);

    /// <summary>Completes when it is over.</summary>
    public Task Over => _over.Task;

    /// <summary>The HTTP layer was asked to come to an end.</summary>
    public bool IsCloseAsked => Volatile.Read(ref _closeAsked);

    /// <summary>HTTP aborts it to let go of it.</summary>
    public bool AbortIsEnd => EndsAfterTakeOver;

    public override bool WasCutOff => Volatile.Read(ref _wasCutOff);

    /// <summary>Kestrel's HTTP code serves it from now on.</summary>
    public void ServedBy(InMemoryConnectionContext http) => _http = http;

    public override void RequestClose()
    {
        Volatile.Write(ref _closeAsked, true);
        if (Carried is { } carried)
            carried.Stop();
        else if (_http is { } http)
            http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        else
            EndIfAsked();
    }

    public void ReadHello()
    {
        ServerName = _client.ServerName;
        Record(LifecycleEvent.ClientHelloRead);
        NoteStage(ConnectionState.HelloRead);
    }

    public void CompleteHandshake()
    {
        ApplicationProtocol = _client.ApplicationProtocol is { } name ? new SslApplicationProtocol(name) : default;
        TlsVersion = _client.TlsVersion;
        CipherSuite = _client.CipherSuite;
        ClientCertificate = _client.Certificate;
        Resumed = _client.Resumed;
        HandshakeCompleted();
    }

    public void Arrived(int bytes)
    {
        if (bytes == 0)
            return;
        BytesRead += bytes;
        BytesArrived();
    }

    public void CompleteRequest()
    {
        RequestCompleted();
        EndIfAsked();
    }

    public ValueTask EndOutputAsync()
    {
        _server.EndOutput();
        return ValueTask.CompletedTask;
    }

    /// <summary>The end, with whatever was the reason.</summary>
    /// <param name="otherwise">If there was none.</param>
    public void End(CloseReason otherwise)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        SetOrderlyReason(otherwise);
        if (!IsAborted)
            _server.EndOutput();
        Ended();
        _over.TrySetResult();
    }

    /// <summary>By HTTP, which ends it then.</summary>
    public void BreakTransport() => _server.Break();

    protected override void AbortTransport()
    {
        _server.Break();
        // With HTTP or another protocol on it, those see it and end.
        if (_http is null && Carried is null)
            End(CloseReason.ServerClosed);
    }

    private void PeerEnded(bool isReset)
    {
        if (isReset && RequestsInFlight > 0)
            Volatile.Write(ref _wasCutOff, true);
        Volatile.Write(ref _hasPeerEnded, true);
        _http?.ClientGone();
        // By the test itself, if nobody reads.
        if (_http is null && Carried is null && Stage != ConnectionState.Closed)
            End(isReset ? CloseReason.ClientReset : CloseReason.ClientClosed);
    }

    // As HTTP/1.1 and 2 do: what is in flight is answered first.
    private void EndIfAsked()
    {
        if (IsCloseAsked && RequestsInFlight == 0 && _http is null && Carried is null)
            End(CloseReason.ServerClosed);
    }
}
