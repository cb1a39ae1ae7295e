using System.Runtime.Serialization;
using System.Text;
using Actors443.Cluster.Messages;
using Actors443.Cluster.Nodes;
using Actors443.Connections.Directory;
using Actors443.Sessions;
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

    public static TheoryData<object> OfSessions { get; } =
    [
        new SessionEnvelope("s", new FindSession("alice")),
        new SessionEnvelope("s", new AttachSession(new SessionConnection("c1", "192.0.2.1:5", "/live", "?received=7", null), 7, true)),
        new SessionFound(true),
        new SessionPosition(7),
        new SessionRefused(1013, "too many sessions"),
        SessionTaken.Instance,
        new SessionConfirmed(7),
    ];

    [Theory]
    [MemberData(nameof(OfSessions))]
    public void Messages_of_sessions_keep_all_that_is_in_them(object message) => Assert.Equal(message, Serializer.FromBinary(Serializer.ToBinary(message), Serializer.Manifest(message)));

    [Fact]
    public void Messages_of_clients_keep_their_bytes()
    {
        var push = new SessionPush(5, new byte[] { 0, 255, 7 }, false);
        var said = new SessionSaid("hello"u8.ToArray(), true);
        var post = new SessionEnvelope("s", new PostToSession(new SessionConnection(null, null, "/live", "", "alice"), "hello"u8.ToArray(), true, 7, false));

        var pushed = Assert.IsType<SessionPush>(Serializer.FromBinary(Serializer.ToBinary(push), Serializer.Manifest(push)));
        var heard = Assert.IsType<SessionSaid>(Serializer.FromBinary(Serializer.ToBinary(said), Serializer.Manifest(said)));

        var posted = Assert.IsType<PostToSession>(Assert.IsType<SessionEnvelope>(Serializer.FromBinary(Serializer.ToBinary(post), Serializer.Manifest(post))).Message);

        Assert.Equal((true, 7, false, "alice"), (posted.IsText, posted.Received, posted.MayBegin, posted.Connection.Principal));
        Assert.Equal("hello"u8.ToArray(), posted.Data.ToArray());
        Assert.Equal((5, false, true), (pushed.Number, pushed.IsText, heard.IsText));
        Assert.Equal(push.Data.ToArray(), pushed.Data.ToArray());
        Assert.Equal(said.Data.ToArray(), heard.Data.ToArray());
    }

    [Theory]
    [InlineData("System.Diagnostics.Process, System", "{}")]
    [InlineData("moon", "{}")]
    [InlineData("find", "{ \"Where\": ")]
    [InlineData("find", "null")]
    [InlineData("session", "{ \"Session\": \"s\", \"Message\": { \"$type\": \"moon\" } }")]
    [InlineData("session", "{ \"Session\": \"s\", \"Message\": { \"$type\": \"System.Diagnostics.Process, System\" } }")]
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
