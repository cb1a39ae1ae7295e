using System.Text;
using Actors443.Cluster.Acme;
using Actors443.Testing;

namespace Actors443.Tests.Cluster;

public sealed class ReplicatedFilesTests : IDisposable
{
    private const string Entry = "certificates/site.test-0123456789ab";

    private readonly TemporaryFolder _state = new();
    private readonly ReplicatedFiles _files;

    public ReplicatedFilesTests() => _files = new ReplicatedFiles(_state.Path);

    private string Folder => Path.Combine(_state.Path, "acme", Entry);

    public void Dispose() => _state.Dispose();

    [Theory]
    [InlineData("certificates/site.test-0123456789ab", true)]
    [InlineData("accounts/pebble-0123456789ab", true)]
    [InlineData("on-demand/a.site.test-0123456789ab.name", true)]
    [InlineData("certificates/../../etc", false)]
    [InlineData("certificates/..", false)]
    [InlineData("certificates", false)]
    [InlineData("local-ca/root.key", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("certificates/a~b", false)]
    public void No_node_can_name_anything_outside(string entry, bool isEntry) => Assert.Equal(isEntry, ReplicatedFiles.IsEntry(entry));

    [Fact]
    public void An_entry_becomes_what_another_node_says_and_stays_it()
    {
        _files.Apply(Entry, Of(("order.json", "1"), ("1.key", "k1"), ("1.pem", "c1")), EntryMark.None);
        _files.Apply(Entry, Of(("order.json", "2"), ("2.key", "k2"), ("2.pem", "c2"), ("../evil.key", "x"), ("run.sh", "x")), new EntryMark(7, "before"));

        Assert.Equal(["2.key", "2.pem", "order.json"], Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(Of(("order.json", "2"), ("2.key", "k2"), ("2.pem", "c2")).Digest(), _files.Read(Entry).Digest());
        Assert.False(File.Exists(Path.Combine(Folder, "..", "evil.key")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Folder, "2.key")));
    }

    [Fact]
    public void What_was_there_before_the_node_joined_is_moved_aside()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "1.key"), "of this server");

        _files.Apply(Entry, Of(("order.json", "2")), EntryMark.None);

        Assert.Equal("of this server", File.ReadAllText(Path.Combine(_state.Path, "acme", "before-cluster", Entry, "1.key")));
        Assert.Equal(["order.json"], Directory.GetFiles(Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Told_are_the_newest_certificate_and_what_an_order_under_way_needs()
    {
        _files.Apply(Entry, Of(("order.json", "1"), ("1.key", "k"), ("1.pem", "c"), ("2.key", "k"), ("2.pem", "c"), ("3.key", "k")), EntryMark.None);

        Assert.Equal(["2.key", "2.pem", "3.key", "order.json"], _files.Read(Entry).Files.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Marks_are_found_again_and_torn_ones_are_none()
    {
        _files.Apply(Entry, Of(("order.json", "1")), EntryMark.None);
        _files.SaveMark(Entry, new EntryMark(ReplicatedIndex.FirstOf(3) + 5, "digest"));
        _files.SaveIndex(new ReplicatedIndex([Entry], 3), ReplicatedIndex.FirstOf(3));

        EntryMark mark = new ReplicatedFiles(_state.Path).Load()[Entry];
        (ReplicatedIndex index, long generation) = new ReplicatedFiles(_state.Path).LoadIndex()!.Value;
        foreach (string file in Directory.GetFiles(Path.Combine(_state.Path, "acme", "replicated")))
            File.WriteAllText(file, "{ torn");

        Assert.Equal(3, ReplicatedIndex.TermOf(mark.Generation));
        Assert.Equal([Entry], index.Entries);
        Assert.Equal((3, 3L), (index.Nodes, ReplicatedIndex.TermOf(generation)));
        Assert.Equal(EntryMark.None, new ReplicatedFiles(_state.Path).Load()[Entry]);
        Assert.Null(new ReplicatedFiles(_state.Path).LoadIndex());
    }

    [Fact]
    public void A_name_that_is_let_go_is_gone_everywhere()
    {
        const string Name = "on-demand/a.site.test-0123456789ab.name";
        _files.Apply(Name, Of(("a.site.test-0123456789ab.name", "a.site.test")), EntryMark.None);
        Assert.Equal("a.site.test", File.ReadAllText(Path.Combine(_state.Path, "acme", Name)));

        _files.Apply(Name, Of(), new EntryMark(1, ""));

        Assert.False(File.Exists(Path.Combine(_state.Path, "acme", Name)));
        Assert.Empty(_files.Read(Name).Files);
    }

    [Fact]
    public void Entries_survive_the_way_and_torn_ones_are_refused()
    {
        ReplicatedEntry entry = Of(("order.json", new string('x', 10_000)), ("1.key", "k"));
        byte[] bytes = entry.Encode();

        Assert.Equal(entry.Digest(), ReplicatedEntry.Decode(bytes)!.Digest());
        Assert.True(bytes.Length < 1_000, $"{bytes.Length} bytes");
        Assert.Null(ReplicatedEntry.Decode(bytes[..(bytes.Length / 2)]));
        Assert.Null(ReplicatedEntry.Decode([1, 2, 3]));
        Assert.NotEqual(entry.Digest(), Of(("order.json", "x"), ("1.key", "k")).Digest());
    }

    private static ReplicatedEntry Of(params (string Name, string Content)[] files) =>
        new() { Files = files.ToDictionary(file => file.Name, file => Encoding.ASCII.GetBytes(file.Content)) };
}
