using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Actors443.Acme.OnDemand;
using Actors443.Acme.Orders;
using Actors443.Admission.Sharing;
using Actors443.Cluster.Acme;
using Actors443.Cluster.Dns;
using Actors443.Cluster.Generations;
using Actors443.Cluster.Nodes;
using Actors443.Identities;
using Actors443.Sessions;
using Akka.Actor;
using Akka.Serialization;

namespace Actors443.Cluster.Messages;

/// <summary>
/// Messages between nodes as JSON, under names of their own: no type is ever made because a message names it. What a newer node adds is passed over, and what an older one leaves out
/// has its default, so that a cluster can be upgraded node by node. Thread-safe.
/// </summary>
public sealed class ClusterSerializer : SerializerWithStringManifest
{
    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true };

    // A name once used keeps its meaning.
    private static readonly Dictionary<string, Type> Types = new(StringComparer.Ordinal)
    {
        ["ask-node-status"] = typeof(AskNodeStatus),
        ["node-status"] = typeof(NodeStatus),
        ["find"] = typeof(FindOnNode),
        ["found"] = typeof(FoundOnNode),
        ["act"] = typeof(ActOnNode),
        ["reached"] = typeof(ReachedOnNode),
        ["ask-history"] = typeof(AskNodeHistory),
        ["history"] = typeof(HistoryOfNode),
        ["configuration-push"] = typeof(PushConfiguration),
        ["configuration-pushed"] = typeof(ConfigurationPushed),
        ["configuration-prepare"] = typeof(PrepareConfiguration),
        ["configuration-prepared"] = typeof(ConfigurationPrepared),
        ["configuration-await"] = typeof(AwaitGeneration),
        ["configuration-in-force"] = typeof(GenerationInForce),
        ["limit-counts"] = typeof(LimitCounts),
        ["ask-limit-counts"] = typeof(AskLimitCounts),
        ["revocations"] = typeof(ApplyFacts),
        ["revoked-cut"] = typeof(IdentitiesCut),
        ["acme-answers-in-place"] = typeof(AnswersInPlace),
        ["acme-obtain"] = typeof(ObtainCertificate),
        ["acme-renew"] = typeof(RenewCertificate),
        ["acme-renewal"] = typeof(RenewalAnswer),
        ["acme-explain"] = typeof(ExplainCertificate),
        ["acme-story"] = typeof(CertificateStory),
        ["acme-want"] = typeof(WantCertificate),
        ["acme-decided"] = typeof(CertificateDecided),
        ["acme-asked-for"] = typeof(NamesAskedFor),
        ["dns-ask"] = typeof(AskDnsOfNode),
        ["dns-answer"] = typeof(DnsFromNode),
        ["session"] = typeof(SessionEnvelope),
        ["session-found"] = typeof(SessionFound),
        ["session-position"] = typeof(SessionPosition),
        ["session-refused"] = typeof(SessionRefused),
        ["session-push"] = typeof(SessionPush),
        ["session-taken"] = typeof(SessionTaken),
        ["session-said"] = typeof(SessionSaid),
        ["session-confirmed"] = typeof(SessionConfirmed),
    };

    private static readonly Dictionary<Type, string> Names = Types.ToDictionary(entry => entry.Value, entry => entry.Key);

    /// <summary>Called by Akka by reflection.</summary>
    public ClusterSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 443_002;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is no message between nodes.</exception>
    public override string Manifest(object o) => Names.TryGetValue(o.GetType(), out string? name) ? name : throw new SerializationException($"{o.GetType()} is no message between nodes of Actors443.");

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType(), Options);

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is of no type that is known to this version, or not whole.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!Types.TryGetValue(manifest, out Type? type))
            throw new SerializationException($"'{manifest}' is no message between nodes of this version of Actors443.");
        try
        {
            return JsonSerializer.Deserialize(bytes, type, Options) ?? throw new SerializationException($"a message '{manifest}' is empty");
        }
        catch (JsonException cause)
        {
            throw new SerializationException($"a message '{manifest}' cannot be read: {cause.Message}", cause);
        }
    }
}
