using Actors443.Acme.Challenges;
using Actors443.Cluster;
using Actors443.Cluster.Acme;
using Actors443.Cluster.Identity;
using Actors443.Telemetry;
using Actors443.Testing;
using Akka.Actor;
using Akka.DistributedData;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.Tests.Cluster;

/// <summary>What a node asks of ACME's state when it has joined: here one of a single node, to which somebody has said something before.</summary>
public sealed class AcmeReplicaJoinTests : OneNodeTestKit
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly ClusterSeal _seal = new(new ClusterKeys("a secret of the cluster in tests, long enough"u8));
    private readonly AcmeMetrics _metrics = new(TestMeters.Factory);

    [Fact]
    public async Task That_there_is_nothing_is_known_when_it_has_joined_and_not_before()
    {
        Start();
        await ExpectNoMsgAsync(TimeSpan.FromMilliseconds(300));

        await JoinAsync();

        await ExpectMsgAsync<EntriesKnown>(Long);
    }

    [Fact]
    public async Task Each_entry_is_on_disk_before_it_says_that_it_knows_them()
    {
        const string entry = "accounts/of-a-ca";
        await JoinAsync();
        byte[] account = "an account"u8.ToArray();
        await WriteAsync("acme " + entry, 7, new ReplicatedEntry { Files = new Dictionary<string, byte[]> { ["account.json"] = account } }.Encode());
        await WriteAsync("acme index", 9, new ReplicatedIndex([entry], 1).Encode());

        Start();

        Assert.Equal(entry, (await ExpectMsgAsync<EntryApplied>(Long)).Entry);
        Assert.Equal(account, new ReplicatedFiles(_folder.Path).Read(entry).Files["account.json"]);
        await ExpectMsgAsync<EntriesKnown>(Long);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _folder.Dispose();
    }

    private void Start() => ChildActorOf(Props.Create<AcmeReplicaActor>(_folder.Path, _seal, new ChallengeAnswers(_metrics, TimeProvider.System), _metrics, NullLoggerFactory.Instance));

    // By another node.
    private async Task WriteAsync(string purpose, long generation, byte[] plain)
    {
        var register = new SealedRegister(purpose, _seal);
        var other = new Akka.Cluster.UniqueAddress(new Address("akka.tcp", Sys.Name, "127.0.0.1", 1), 1);
        await DistributedData.Get(Sys).Replicator.Ask<UpdateSuccess>(Dsl.Update(register.Key, SealedRegister.Empty(other), WriteLocal.Instance, register.Write(other, generation, plain)), Long);
    }
}
