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

/// <summary>What was reported is not taken.</summary>
/// <param name="Device">Which.</param>
/// <param name="Status">Of HTTP.</param>
/// <param name="Problem">Why.</param>
internal sealed record Refused(string Device, int Status, string Problem) : IDeviceMessage;

internal static class DeviceMessages
{
    public static Dictionary<string, Type> Types { get; } =
        new() { ["report"] = typeof(Report), ["look"] = typeof(Look), ["state"] = typeof(DeviceState), ["refused"] = typeof(Refused) };
}
