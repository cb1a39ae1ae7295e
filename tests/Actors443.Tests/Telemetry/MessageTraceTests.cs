using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Actors443.Requests;
using Actors443.Telemetry;
using Actors443.Testing;
using Akka.Actor;
using Akka.Serialization;

namespace Actors443.Tests.Telemetry;

public sealed class MessageTraceTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("traces");
    private readonly ConcurrentQueue<Activity> _spans = new();

    [Fact]
    public void A_message_takes_its_trace_to_another_node()
    {
        using ActivityListener listener = Listen();
        using Activity request = Spans.Source.StartActivity("request")!;
        request.TraceStateString = "vendor=1";
        var serializer = Serializer();
        var order = MessageTrace.Carry(new Order("7"));
        string manifest = serializer.Manifest(order);
        object read = serializer.FromBinary(serializer.ToBinary(order), manifest);

        Assert.Equal($"order\n00-{request.TraceId}-{request.SpanId}-01\nvendor=1", manifest);
        Assert.Equal(order, read);
        Assert.NotSame(order, read);
        ActivityContext from = MessageTrace.Of(read);
        Assert.Equal((request.TraceId, request.SpanId, "vendor=1", true), (from.TraceId, from.SpanId, from.TraceState, from.IsRemote));
        using Activity span = MessageTrace.Continue(read, "reserve")!;
        Assert.Equal((request.TraceId, request.SpanId, ActivityKind.Server), (span.TraceId, span.ParentSpanId, span.Kind));
    }

    [Fact]
    public void A_message_without_a_trace_is_as_its_serializer_writes_it()
    {
        using ActivityListener listener = Listen();
        TracingSerializer serializer = Serializer();
        var order = new Order("7");

        Assert.Equal("order", serializer.Manifest(order));
        Assert.Equal(new OrderSerializer((ExtendedActorSystem)_system).Identifier, serializer.Identifier);
        Assert.Equal(default, MessageTrace.Of(serializer.FromBinary(serializer.ToBinary(order), "order")));
    }

    [Theory]
    [InlineData("order\nnonsense")]
    [InlineData("order\n00-00000000000000000000000000000000-b7ad6b7169203331-01\n")]
    [InlineData("order\n\n\n\n")]
    public void A_trace_that_cannot_be_read_costs_no_message(string manifest)
    {
        using ActivityListener listener = Listen();
        object read = Serializer().FromBinary("7"u8.ToArray(), manifest);

        Assert.Equal(new Order("7"), read);
        Assert.Equal(default, MessageTrace.Of(read));
    }

    [Fact]
    public void A_message_of_two_traces_is_of_none()
    {
        using ActivityListener listener = Listen();
        var shared = new Order("7");
        for (int i = 0; i < 2; i++)
        {
            using Activity request = Spans.Source.StartActivity("request", ActivityKind.Server)!;
            MessageTrace.Carry(shared);
            Assert.Equal(i == 0 ? request.TraceId : default, MessageTrace.Of(shared).TraceId);
        }
    }

    [Fact]
    public async Task An_actor_goes_on_in_the_trace_and_so_does_whom_it_tells()
    {
        using ActivityListener listener = Listen();
        IActorRef actor = _system.ActorOf(Props.Create<Reserving>());
        ActivityTraceId trace;
        using (Activity request = Spans.Source.StartActivity("request")!)
        {
            trace = request.TraceId;
            await actor.Ask<string>(MessageTrace.Carry(new Order("7")));
        }

        await Eventually.HoldsAsync(
            () => _spans.Where(span => span.TraceId == trace).Select(span => span.OperationName).Order(StringComparer.Ordinal).SequenceEqual(["receive Order", "receive Reserved", "request"]),
            "all that was done about it is in its trace");
    }

    [Fact]
    public void While_nobody_listens_it_costs_nothing()
    {
        var order = new Order("7");
        IActorRef actor = ActorRefs.Nobody;
        long before = 0;
        // The first round compiles.
        for (int i = 0; i < 2; i++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            for (int j = 0; j < 1000; j++)
            {
                MessageTrace.Carry(order);
                _ = MessageTrace.Of(order);
                _ = MessageTrace.Received(order, actor);
                _ = WireTrace.Of(order);
                _ = WireTrace.OfCurrent();
                using Activity? ask = RequestTraces.StartAsk("/orders/{id}", actor);
                ask.Carry(order);
                ask.Ended("answered");
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    public void Dispose() => _system.Dispose();

    private TracingSerializer Serializer() => new((ExtendedActorSystem)_system, new OrderSerializer((ExtendedActorSystem)_system));

    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Actors443Meter.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private sealed record Order(string Id);

    private sealed record Reserved(string Id);

    private sealed class Reserving : ReceiveRequestActor
    {
        public Reserving()
        {
            Receive<Order>(order => Self.Forward(MessageTrace.Carry(new Reserved(order.Id))));
            Receive<Reserved>(reserved => Sender.Tell(reserved.Id));
        }
    }

    private sealed class OrderSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
    {
        public override int Identifier => 1234;

        public override string Manifest(object o) => o is Order ? "order" : throw new ArgumentException("no order", nameof(o));

        public override byte[] ToBinary(object obj) => Encoding.UTF8.GetBytes(((Order)obj).Id);

        public override object FromBinary(byte[] bytes, string manifest) => manifest == "order" ? new Order(Encoding.UTF8.GetString(bytes)) : throw new ArgumentException("no order", nameof(manifest));
    }
}
