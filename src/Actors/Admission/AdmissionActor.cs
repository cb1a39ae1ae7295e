using System.Net;
using Actors443.Connections;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Admission;

/// <summary>To the admission actor: answer with an <see cref="AdmissionStatus"/>.</summary>
internal sealed record GetAdmissionStatus
{
    public static GetAdmissionStatus Instance { get; } = new();
}

/// <param name="Mode">In force.</param>
/// <param name="Since">When it came into force.</param>
/// <param name="Reasons">What is over a threshold.</param>
/// <param name="Samples">The last sample of each resource.</param>
internal sealed record AdmissionStatus(
    AdmissionMode Mode,
    DateTimeOffset Since,
    IReadOnlyList<string> Reasons,
    IReadOnlyList<LoadSample> Samples,
    int Connections,
    int MaximumConnections,
    int Handshakes,
    int TrackedClients,
    long Bans);

/// <summary>On the event stream: the mode has changed.</summary>
internal sealed record AdmissionModeChanged(AdmissionMode Mode, IReadOnlyList<string> Reasons);

/// <summary>On the event stream: a client was refused before its connection had an actor.</summary>
/// <param name="Client">Its address, or its network as <c>admission.per-client</c> makes clients.</param>
/// <param name="Reason">Of the last time.</param>
/// <param name="Count">How often.</param>
/// <param name="First">When it began, within a second.</param>
/// <param name="Last">When it last was, within a second.</param>
internal sealed record ClientRefusals(IPNetwork Client, CloseReason Reason, long Count, DateTimeOffset First, DateTimeOffset Last);

/// <summary>Its own: time to sample.</summary>
internal sealed record SampleLoad
{
    public static SampleLoad Instance { get; } = new();
}

/// <summary>Watches the load, sets the gate's mode and sweeps the gate. While it restarts the gate is Normal: nobody must wait for a mode that nobody can end.</summary>
internal sealed class AdmissionActor : UntypedActor, IWithTimers
{
    private const int SamplesPerSweep = 20;
    private const string ShortOfMemory = "memory is short at this moment";

    private readonly AdmissionGate _gate;
    private readonly IReadOnlyList<ILoadSource> _sources;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly LoadVerdict _verdict = new();
    private LoadSample[] _samples = [];
    private DateTimeOffset _since;
    private int _samplesTaken;
    private bool _wasShort;

    public AdmissionActor(AdmissionGate gate, IReadOnlyList<ILoadSource> sources, TimeProvider time, ILoggerFactory loggers)
    {
        _gate = gate;
        _sources = sources;
        _time = time;
        _since = time.GetUtcNow();
        _log = loggers.CreateLogger(LogCategories.Admission);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _gate.SetMode(AdmissionMode.Normal);
        Timers.StartSingleTimer(nameof(SampleLoad), SampleLoad.Instance, _gate.Settings.Load.SampleInterval);
    }

    protected override void PostStop() => _gate.SetMode(AdmissionMode.Normal);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case SampleLoad:
                Sample();
                Timers.StartSingleTimer(nameof(SampleLoad), SampleLoad.Instance, _gate.Settings.Load.SampleInterval);
                break;
            case GetAdmissionStatus:
                Sender.Tell(new AdmissionStatus(_gate.Mode, _since, _gate.IsShortOfMemory ? [.. _verdict.Reasons, ShortOfMemory] : _verdict.Reasons, _samples, _gate.Connections, _gate.Settings.MaximumConnections, _gate.Handshakes, _gate.TrackedClients, _gate.Bans));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // It may have been short, and not be any more, between two samples: what came of it is told by metrics.
    private void NoteMemory()
    {
        _gate.LookAtMemory();
        if (_gate.IsShortOfMemory == _wasShort)
            return;
        _wasShort = _gate.IsShortOfMemory;
        _since = _time.GetUtcNow();
        if (_wasShort)
            _log.ModeRose(AdmissionMode.Paused, ShortOfMemory);
        else
            _log.ModeFell(_gate.Mode);
        Context.System.EventStream.Publish(new AdmissionModeChanged(_gate.Mode, _wasShort ? [ShortOfMemory] : _verdict.Reasons));
    }

    private void Sample()
    {
        NoteMemory();
        Configuration.LoadSettings settings = _gate.Settings.Load;
        _samples = [.. _sources.Select(source => new LoadSample(source.Name, source.Sample(), source.ThresholdIn(settings)))];
        AdmissionMode before = _verdict.Mode;
        if (_verdict.Take(_samples, settings))
        {
            _since = _time.GetUtcNow();
            _gate.SetMode(_verdict.Mode);
            string reasons = string.Join("; ", _verdict.Reasons);
            if (_verdict.Mode > before)
                _log.ModeRose(_verdict.Mode, reasons);
            else
                _log.ModeFell(_verdict.Mode);
            Context.System.EventStream.Publish(new AdmissionModeChanged(_verdict.Mode, _verdict.Reasons));
        }

        DateTimeOffset now = _time.GetUtcNow();
        foreach ((IPNetwork client, int count, CloseReason last) in _gate.TakeRefusals())
            Context.System.EventStream.Publish(new ClientRefusals(client, last, count, now, now));
        if (_samplesTaken++ % SamplesPerSweep == 0)
            _gate.Sweep();
    }
}
