using System.Text.Json;
using Akka.Actor;
using Akka.Serialization;

namespace Actors443.Samples.IotGateway;

/// <summary>JSON of the types below and no others: what comes from the network never names a type.</summary>
internal sealed class DeviceSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private static readonly Dictionary<string, Type> Types = new() { ["report"] = typeof(Report), ["look"] = typeof(Look), ["state"] = typeof(DeviceState), ["refused"] = typeof(Refused) };

    public override int Identifier => 4430;

    public override string Manifest(object o) => Types.Single(type => type.Value == o.GetType()).Key;

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType());

    public override object FromBinary(byte[] bytes, string manifest) => Types.TryGetValue(manifest, out Type? type)
        ? JsonSerializer.Deserialize(bytes, type)!
        : throw new ArgumentException($"'{manifest}' is no message of devices.", nameof(manifest));
}
