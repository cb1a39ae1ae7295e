using Actors443.Cluster.Identities;
using Actors443.Identities;
using Actors443.Testing;
using Akka.Actor;
using Akka.Cluster;
using Akka.DistributedData;

namespace Actors443.Tests.Identities;

/// <summary>What nodes tell each other of who is revoked, and what is kept of it.</summary>
public sealed class RevocationFactTests
{
    private static readonly UniqueAddress One = new(new Address("akka", "system", "one", 1), 1);
    private static readonly UniqueAddress Two = new(new Address("akka", "system", "two", 2), 2);

    [Fact]
    public void The_later_version_counts_and_at_once_a_revocation_stands()
    {
        RevocationFact revoked = Fact("alice", version: 5);

        Assert.True(revoked.Supersedes(null));
        Assert.False(revoked.Supersedes(revoked));
        Assert.True(Fact("alice", version: 6, revoked: false).Supersedes(revoked));
        Assert.True(revoked.Supersedes(Fact("alice", version: 5, revoked: false)));
        Assert.False(Fact("alice", version: 5, revoked: false).Supersedes(revoked));
        RevocationFact other = Fact("alice", version: 5, reason: "another");
        Assert.NotEqual(other.Supersedes(revoked), revoked.Supersedes(other));
    }

    [Fact]
    public void Two_sides_that_changed_the_same_come_to_the_same_set_however_they_meet()
    {
        ORSet<string> start = RevokedReplicaActor.With(ORSet<string>.Empty, [Fact("alice", 1), Fact("bob", 1)], One);
        ORSet<string> left = RevokedReplicaActor.With(start, [Fact("alice", 2, revoked: false)], One);
        ORSet<string> right = RevokedReplicaActor.With(start, [Fact("alice", 3, reason: "again"), Fact("carol", 1)], Two);

        ORSet<string> merged = left.Merge(right);

        Assert.Equal(merged.Elements.Order(), right.Merge(left).Elements.Order());
        ORSet<string> settled = RevokedReplicaActor.With(merged, [Fact("alice", 3, reason: "again")], One);
        Assert.Contains(Fact("alice", 3, reason: "again").Encode(), settled.Elements);
        Assert.Same(start, RevokedReplicaActor.With(start, [Fact("alice", 1)], Two));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"kind":"account","id":"","revoked":true,"at":"2026-01-01T00:00:00+00:00","version":1}""")]
    [InlineData("""{"kind":"moon","id":"x","revoked":true,"at":"2026-01-01T00:00:00+00:00","version":1}""")]
    [InlineData("""{"kind":0,"id":"x","revoked":true,"at":"2026-01-01T00:00:00+00:00","version":1}""")]
    [InlineData("""{"kind":"token","id":"SHA256:9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08","revoked":true,"at":"2026-01-01T00:00:00+00:00","version":1}""")]
    public void What_is_no_fact_is_not_taken_for_one(string text) => Assert.False(RevocationFact.TryDecode(text, out _));

    [Fact]
    public void The_file_gives_back_what_was_written_and_says_what_is_wrong_with_it()
    {
        using var folder = new TemporaryFolder();
        var file = new RevocationFile(folder.Path);
        Assert.Empty(file.Read());
        RevocationFact[] facts = [Fact("alice", 1), Fact("bob \"the\" second", 2, revoked: false)];
        file.Write(facts);
        Assert.Equal(facts, file.Read());

        string[] lines = File.ReadAllLines(file.Path);
        File.WriteAllLines(file.Path, lines[..^1]);
        Assert.Contains("restore it from a copy", Assert.Throws<InvalidDataException>(file.Read).Message, StringComparison.Ordinal);
        File.WriteAllLines(file.Path, lines[1..]);
        Assert.Contains("something was changed", Assert.Throws<InvalidDataException>(file.Read).Message, StringComparison.Ordinal);
        File.WriteAllText(file.Path, "");
        Assert.Throws<InvalidDataException>(file.Read);
    }

    private static RevocationFact Fact(string name, long version, bool revoked = true, string? reason = null) =>
        new() { Kind = IdentityKind.Account, Id = name, Revoked = revoked, At = DateTimeOffset.UnixEpoch, Version = version, Reason = reason };
}
