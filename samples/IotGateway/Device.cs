using System.Globalization;
using Akka.Actor;

namespace Actors443.Samples.IotGateway;

/// <summary>What devices are told and tell, from node to node.</summary>
internal interface IDeviceMessage
{
    string Device { get; }
}

/// <summary>A device reports a reading, as it has written it.</summary>
internal sealed record Report(string Device, string Reading) : IDeviceMessage;

/// <summary>Somebody asks how a device is.</summary>
internal sealed record Look(string Device) : IDeviceMessage;

/// <summary>How a device is, and on which node.</summary>
internal sealed record DeviceState(string Device, double? Last, int Readings, string Node) : IDeviceMessage;

/// <summary>What was reported is no reading.</summary>
internal sealed record Refused(string Device, string Problem) : IDeviceMessage;

/// <summary>One device, in one place of the cluster.</summary>
internal sealed class Device : ReceiveActor
{
    private readonly string _id;
    private readonly string _node;
    private double? _last;
    private int _readings;

    public Device(string id)
    {
        _id = id;
        Address self = Akka.Cluster.Cluster.Get(Context.System).SelfAddress;
        _node = $"{self.Host}:{self.Port}";
        Receive<Report>(OnReport);
        Receive<Look>(_ => Sender.Tell(State));
    }

    private DeviceState State => new(_id, _last, _readings, _node);

    private void OnReport(Report report)
    {
        if (!double.TryParse(report.Reading, NumberStyles.Float, CultureInfo.InvariantCulture, out double reading) || !double.IsFinite(reading))
        {
            Sender.Tell(new Refused(_id, "A reading is a number."));
            return;
        }

        _last = reading;
        _readings++;
        Sender.Tell(State);
    }
}
