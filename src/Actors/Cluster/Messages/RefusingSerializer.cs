using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Actors443.Cluster.Messages;

/// <summary>
/// Stands where Akka has its JSON serializer, which makes objects of whatever type a message names: nothing is serialized or made by it. Messages between nodes need a serializer
/// that is bound to their type. Thread-safe.
/// </summary>
public sealed class RefusingSerializer : Serializer
{
    /// <summary>HOCON that puts it in the place of Akka's JSON serializer, for an actor system of your own.</summary>
    public const string InPlaceOfJson = "akka.actor.serializers.json = \"Actors443.Cluster.Messages.RefusingSerializer, Actors443\"";

    /// <summary>Called by Akka by reflection.</summary>
    /// <param name="system">Its actor system.</param>
    /// <param name="settings">Those of the JSON serializer, which mean nothing here.</param>
    public RefusingSerializer(ExtendedActorSystem system, Config settings)
        : base(system)
    {
        _ = settings;
    }

    /// <summary>That of the JSON serializer.</summary>
    public override int Identifier => 1;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override byte[] ToBinary(object obj) => throw new SerializationException(
        $"{obj?.GetType().FullName} has no serializer that is safe between nodes; bind one to its type in akka.actor.serialization-bindings.");

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("A message that names its own type is not read; the node that sent it must bind a serializer to the type.");
}
