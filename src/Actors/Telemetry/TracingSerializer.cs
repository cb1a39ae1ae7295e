using Akka.Actor;
using Akka.Serialization;

namespace Actors443.Telemetry;

/// <summary>
/// Around the serializer of your messages between nodes: a message that is traced (<see cref="MessageTrace"/>) takes <c>traceparent</c> and <c>tracestate</c> along, behind its manifest. Its bytes, and all
/// of a message without a trace, are as the serializer writes them, so that nodes with and without this class understand each other as long as the latter are sent nothing traced: give it to all
/// nodes before the first of them traces. Thread-safe if the serializer is.
/// <code>
/// akka.WithCustomSerializer("devices", [typeof(IDeviceMessage)], system => new TracingSerializer(system, new DeviceSerializer(system)));
/// </code>
/// </summary>
/// <param name="system">Its actor system.</param>
/// <param name="serializer">Writes and reads the messages; its manifests have no line feed.</param>
public sealed class TracingSerializer(ExtendedActorSystem system, SerializerWithStringManifest serializer) : SerializerWithStringManifest(system)
{
    private const char Separator = '\n';

    /// <summary>The serializer's.</summary>
    public override int Identifier => serializer.Identifier;

    /// <inheritdoc/>
    public override string Manifest(object o)
    {
        string manifest = serializer.Manifest(o);
        return WireTrace.Of(o) is { } trace ? string.Join(Separator, manifest, trace.Parent, trace.State) : manifest;
    }

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => serializer.ToBinary(obj);

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (!manifest.Contains(Separator, StringComparison.Ordinal))
            return serializer.FromBinary(bytes, manifest);
        string[] parts = manifest.Split(Separator);
        object message = serializer.FromBinary(bytes, parts[0]);
        new WireTrace(parts[1], parts.Length > 2 && parts[2].Length > 0 ? parts[2] : null).AttachTo(message);
        return message;
    }
}
