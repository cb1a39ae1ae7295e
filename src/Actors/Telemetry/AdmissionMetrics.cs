using System.Diagnostics.Metrics;
using Actors443.Admission;

namespace Actors443.Telemetry;

/// <summary>Instruments of the gate; read when scraped.</summary>
internal sealed class AdmissionMetrics
{
    public AdmissionMetrics(IMeterFactory factory, AdmissionGate gate)
    {
        Meter meter = Actors443Meter.Create(factory);
        meter.CreateObservableGauge("actors443.admission.mode", () => (int)gate.Mode, "{mode}", "0 Normal, 1 Shedding, 2 Paused.");
        meter.CreateObservableUpDownCounter("actors443.connections.open", () => gate.Connections, "{connection}", "Connections open now.");
        meter.CreateObservableUpDownCounter("actors443.handshakes.in_flight", () => gate.Handshakes, "{handshake}", "Handshakes begun and not ended.");
        meter.CreateObservableUpDownCounter("actors443.admission.clients_tracked", () => gate.TrackedClients, "{client}", "Clients whose counts are kept.");
        meter.CreateObservableCounter("actors443.admission.bans", () => gate.Bans, "{ban}", "Clients banned for exceeding a handshake rate.");
    }
}
