using System.Text.Json;
using Akka.Actor;
using Akka.Serialization;

namespace Actors443.Samples;

/// <summary>JSON of the types that a sample names and no others: what comes from the network never names a type.</summary>
internal sealed class SampleSerializer(ExtendedActorSystem system, IReadOnlyDictionary<string, Type> types) : SerializerWithStringManifest(system)
{
    public override int Identifier => 4430;

    public override string Manifest(object o) => types.Single(type => type.Value == o.GetType()).Key;

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType());

    public override object FromBinary(byte[] bytes, string manifest) => types.TryGetValue(manifest, out Type? type)
        ? JsonSerializer.Deserialize(bytes, type)!
        : throw new ArgumentException($"'{manifest}' is no message of this sample.", nameof(manifest));
}
