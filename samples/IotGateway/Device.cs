using System.Globalization;
using System.Text.Json;
using Actors443.Requests;
using Akka.Actor;
using Akka.Cluster;
using Akka.DistributedData;

namespace Actors443.Samples.IotGateway;

/// <summary>
/// One device, in one place of the cluster. What it knows is kept on most nodes (Akka.DistributedData) before a report is answered, so that it goes on elsewhere with what it knew when its
/// node dies. All of it is in the memory of all nodes: right for some thousand devices; more want a database (Akka.Persistence).
/// <code>
/// Reading what is kept → Ready ⇄ Keeping
/// </code>
/// </summary>
internal sealed class Device : ReceiveRequestActor, IWithUnboundedStash
{
    private static readonly TimeSpan KeptWithin = TimeSpan.FromSeconds(3);

    private readonly string _id;
    private readonly UniqueAddress _node = Akka.Cluster.Cluster.Get(Context.System).SelfUniqueAddress;
    private readonly IActorRef _replicator = DistributedData.Get(Context.System).Replicator;
    private readonly LWWRegisterKey<string> _key;
    private Known _known = new(null, 0);

    public Device(string id)
    {
        _id = id;
        _key = new LWWRegisterKey<string>("device-" + id);
        Become(Reading);
    }

    public IStash Stash { get; set; } = null!;

    private DeviceState State => new(_id, _known.Last, _known.Readings, $"{_node.Address.Host}:{_node.Address.Port}");

    protected override void PreStart() => Read();

    private void Reading()
    {
        Receive<GetSuccess>(found =>
        {
            _known = JsonSerializer.Deserialize<Known>(found.Get(_key).Value)!;
            BecomeReady();
        });
        Receive<NotFound>(_ => BecomeReady());
        // Too few nodes can be reached: better late than wrong.
        Receive<GetFailure>(_ => Read());
        ReceiveAny(_ => Stash.Stash());
    }

    private void Ready()
    {
        Receive<Report>(OnReport);
        Receive<Look>(_ => Sender.Tell(State));
    }

    private void Keeping()
    {
        Receive<UpdateSuccess>(kept => OnKept((IActorRef)kept.Request!, State));
        Receive<IUpdateFailure>(failure => OnKept((IActorRef)failure.Request!, new Refused(_id, 503, "Too few nodes can be reached to keep the reading.")));
        ReceiveAny(_ => Stash.Stash());
    }

    private void Read() => _replicator.Tell(Dsl.Get(_key, new ReadMajority(KeptWithin)));

    private void OnReport(Report report)
    {
        if (!double.TryParse(report.Reading, NumberStyles.Float, CultureInfo.InvariantCulture, out double reading) || !double.IsFinite(reading))
        {
            Sender.Tell(new Refused(_id, 400, "A reading is a number."));
            return;
        }

        _known = new Known(reading, _known.Readings + 1);
        // The one with the most readings is the latest, whatever the clocks of the nodes say.
        var kept = new LWWRegister<string>(_node, JsonSerializer.Serialize(_known), _known.Readings);
        _replicator.Tell(Dsl.Update(_key, kept, new WriteMajority(KeptWithin), Sender, before => before.Timestamp > kept.Timestamp ? before : kept));
        Become(Keeping);
    }

    private void OnKept(IActorRef reporter, object answer)
    {
        reporter.Tell(answer);
        BecomeReady();
    }

    private void BecomeReady()
    {
        Become(Ready);
        Stash.UnstashAll();
    }

    private sealed record Known(double? Last, int Readings);
}
