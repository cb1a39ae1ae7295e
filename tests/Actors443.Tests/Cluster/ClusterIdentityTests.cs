using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Cluster.Identity;
using Actors443.Testing;

namespace Actors443.Tests.Cluster;

public sealed class ClusterIdentityTests
{
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(48);

    [Fact]
    public void Nodes_with_one_secret_know_each_other_by_certificates_they_issue_themselves()
    {
        var one = new ClusterCertificates(new ClusterKeys(Secret));
        var other = new ClusterCertificates(new ClusterKeys(Secret));

        Assert.True(one.IsOfThisCluster(other.Issue("10.0.0.2"), out string? problem), problem);
        Assert.True(other.IsOfThisCluster(one.Issue("node-1.internal"), out problem), problem);
    }

    [Fact]
    public void A_certificate_of_another_secret_or_of_any_other_ca_is_none()
    {
        var ours = new ClusterCertificates(new ClusterKeys(Secret));
        var theirs = new ClusterCertificates(new ClusterKeys(RandomNumberGenerator.GetBytes(48)));
        using var authority = new TestCertificates();

        Assert.False(ours.IsOfThisCluster(theirs.Issue("10.0.0.2"), out string? problem));
        Assert.Contains("not issued with this cluster's secret", problem, StringComparison.Ordinal);
        Assert.False(ours.IsOfThisCluster(authority.Issue("10.0.0.2").WithKey, out _));
        Assert.False(ours.IsOfThisCluster(null, out problem));
        Assert.Equal("it shows no certificate", problem);
    }

    [Fact]
    public void The_authoritys_key_is_the_same_everywhere_and_another_for_another_secret()
    {
        using ECDsa one = new ClusterKeys(Secret).OpenAuthority();
        using ECDsa same = new ClusterKeys(Secret).OpenAuthority();
        using ECDsa other = new ClusterKeys(RandomNumberGenerator.GetBytes(48)).OpenAuthority();

        Assert.Equal(one.ExportSubjectPublicKeyInfo(), same.ExportSubjectPublicKeyInfo());
        Assert.NotEqual(one.ExportSubjectPublicKeyInfo(), other.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void What_is_sealed_opens_with_the_same_secret_purpose_and_generation_alone()
    {
        var seal = new ClusterSeal(new ClusterKeys(Secret));
        byte[] bytes = seal.Seal("a private key"u8, "ticket-keys", 7);

        Assert.Equal("a private key"u8.ToArray(), new ClusterSeal(new ClusterKeys(Secret)).Open(bytes, "ticket-keys", 7));
        Assert.Null(seal.Open(bytes, "ticket-keys", 8));
        Assert.Null(seal.Open(bytes, "certificates", 7));
        Assert.Null(new ClusterSeal(new ClusterKeys(RandomNumberGenerator.GetBytes(48))).Open(bytes, "ticket-keys", 7));
        bytes[^1] ^= 1;
        Assert.Null(seal.Open(bytes, "ticket-keys", 7));
        Assert.Null(seal.Open([1, 2, 3], "ticket-keys", 7));
        Assert.NotEqual(seal.Seal("a"u8, "x", 1), seal.Seal("a"u8, "x", 1));
    }

    [Fact]
    public void A_nodes_certificate_has_its_name_and_serves_both_ways()
    {
        X509Certificate2 certificate = new ClusterCertificates(new ClusterKeys(Secret)).Issue("node-1.internal");

        Assert.True(certificate.HasPrivateKey);
        Assert.True(certificate.MatchesHostname("node-1.internal"));
        Assert.Equal(2, certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Count);
    }
}
