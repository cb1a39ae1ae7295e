using System.Runtime.Serialization;
using System.Text;
using Actors443.Cluster.Messages;
using Actors443.Cluster.Nodes;
using Actors443.Connections.Directory;
using Akka.Actor;
using Akka.Configuration;

namespace Actors443.Tests.Cluster;

public sealed class ClusterSerializerTests : Akka.TestKit.Xunit2.TestKit
{
    private ClusterSerializer Serializer => new((ExtendedActorSystem)Sys);

    [Fact]
    public void Every_message_between_nodes_has_a_name_of_its_own()
    {
        Type[] types = [.. typeof(IClusterMessage).Assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(IClusterMessage)) && type.IsClass && !type.IsAbstract)];

        string[] names = [.. types.Select(type => Serializer.Manifest(System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type)))];

        Assert.NotEmpty(names);
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Fact]
    public void What_a_newer_node_adds_is_passed_over_and_what_an_older_one_leaves_out_has_its_default()
    {
        var read = Assert.IsType<NodeStatus>(Serializer.FromBinary(Encoding.UTF8.GetBytes("""{ "Version": "9.9.9", "Moons": [1, 2], "Connections": 7 }"""), "node-status"));

        Assert.Equal(("9.9.9", 7, 0, false), (read.Version, read.Connections, read.Handshakes, read.Ready));
    }

    [Fact]
    public void A_filter_and_what_was_found_keep_all_that_is_in_them()
    {
        var find = new FindOnNode("principal = \"alice b\" and age > 5m", ConnectionOrder.Bytes, 10, 100);

        Assert.Equal(find, Serializer.FromBinary(Serializer.ToBinary(find), Serializer.Manifest(find)));
    }

    [Theory]
    [InlineData("System.Diagnostics.Process, System", "{}")]
    [InlineData("moon", "{}")]
    [InlineData("find", "{ \"Where\": ")]
    [InlineData("find", "null")]
    public void Anything_else_is_refused(string manifest, string text) =>
        Assert.Throws<SerializationException>(() => Serializer.FromBinary(Encoding.UTF8.GetBytes(text), manifest));

    [Fact]
    public void No_object_is_made_of_a_message_that_names_its_type()
    {
        var refusing = new RefusingSerializer((ExtendedActorSystem)Sys, Config.Empty);

        Assert.Contains("bind a serializer", Assert.Throws<SerializationException>(() => refusing.FromBinary("{\"$type\":\"System.Object\"}"u8.ToArray(), typeof(object))).Message, StringComparison.Ordinal);
        Assert.Contains("System.Version", Assert.Throws<SerializationException>(() => refusing.ToBinary(new Version(1, 2))).Message, StringComparison.Ordinal);
    }
}
