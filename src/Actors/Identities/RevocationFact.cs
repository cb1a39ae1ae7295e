using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors443.Identities;

/// <summary>
/// That an identity was revoked, or is no longer: as it is kept on disk and told to other nodes. Of two about the same identity the later version counts, so that they may come
/// in any order and more than once. Immutable.
/// </summary>
internal sealed record RevocationFact
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    public required IdentityKind Kind { get; init; }

    public required string Id { get; init; }

    /// <summary>False: it was taken back.</summary>
    public required bool Revoked { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Higher than that of every fact about the identity which was known when it was made, whatever the clocks say.</summary>
    public required long Version { get; init; }

    public string? Reason { get; init; }

    [JsonIgnore]
    public (IdentityKind, string) Key => (Kind, Id);

    public string Encode() => JsonSerializer.Serialize(this, Options);

    /// <summary>False: it is not whole, or from a version that knows more kinds.</summary>
    public static bool TryDecode(string text, [NotNullWhen(true)] out RevocationFact? fact)
    {
        fact = null;
        try
        {
            fact = JsonSerializer.Deserialize<RevocationFact>(text, Options);
        }
        catch (JsonException)
        {
            return false;
        }

        return fact is not null && Identity.TryParse(fact.Kind, fact.Id, out Identity? identity, out _) && identity.Id == fact.Id;
    }

    /// <summary>Whether this is to be believed rather than the other. Made at once on two nodes, a revocation stands.</summary>
    public bool Supersedes(RevocationFact? other) =>
        other is null || Version > other.Version || (Version == other.Version && (Revoked, other.Revoked) switch
        {
            (true, false) => true,
            (false, true) => false,
            _ => string.CompareOrdinal(Encode(), other.Encode()) > 0,
        });

    public RevokedIdentity ToRevoked() => new(Identity.Parse(Kind, Id), At, Reason);
}
