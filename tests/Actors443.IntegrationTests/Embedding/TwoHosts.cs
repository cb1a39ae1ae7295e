using System.Globalization;
using Actors443.Cluster.Messages;
using Actors443.Requests;
using Actors443.Sessions;
using Actors443.Testing;
using Actors443.WebSockets;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Hosting;
using Akka.Remote.Hosting;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>Two hosts whose own actor systems are a cluster, put together as docs/cluster.md says.</summary>
public sealed class TwoHosts : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly List<EmbeddedHost> _hosts = [];

    internal EmbeddedHost this[int index] => _hosts[index];

    public async Task InitializeAsync()
    {
        string secret = _folder.Write("cluster.secret", ClusterOfServers.NewSecret());
        int[] ports = [FreePort.Next(), FreePort.Next()];
        foreach (int port in ports)
            _hosts.Add(await StartAsync(secret, port, ports[0]));
        foreach (EmbeddedHost host in _hosts)
            await Eventually.HoldsAsync(() => Akka.Cluster.Cluster.Get(host.System).State.Members.Count(member => member.Status == Akka.Cluster.MemberStatus.Up) == 2, "both hosts are in the cluster", Patience);
    }

    public async Task DisposeAsync()
    {
        foreach (EmbeddedHost host in _hosts)
            await host.DisposeAsync();
        _folder.Dispose();
    }

    private static Task<EmbeddedHost> StartAsync(string secret, int port, int seed) => EmbeddedHost.StartAsync(
        TestEngine.Name,
        application => application.MapActorSession("/live", _ => Props.Create<Counter>(), options => options.Region = "live"),
        akka: akka => akka
            .AddHocon(RefusingSerializer.InPlaceOfJson, HoconAddMode.Prepend)
            .WithRemoting("127.0.0.1", port)
            .WithClustering(new ClusterOptions { Roles = ["actors443"], SeedNodes = [string.Create(CultureInfo.InvariantCulture, $"akka.tcp://embedded@127.0.0.1:{seed}")] }),
        options: options => options.Set("cluster.enabled", "on").Set("cluster.secret", $"\"file:{secret}\""));

    /// <summary>Counts over all connections, and tells where.</summary>
    private sealed class Counter : ReceiveRequestActor
    {
        private int _count;

        public Counter()
        {
            string node = Akka.Cluster.Cluster.Get(Context.System).SelfAddress.Port!.Value.ToString(CultureInfo.InvariantCulture);
            Receive<SessionDetached>(_ => Context.Parent.Tell(WebSocketSend.Text("detached")));
            Receive<SessionAttached>(_ => { });
            Receive<WebSocketReceived>(_ =>
            {
                Sender.Tell(WebSocketAck.Instance);
                Sender.Tell(WebSocketSend.Text(string.Create(CultureInfo.InvariantCulture, $"{++_count} at {node}")));
            });
        }
    }
}
