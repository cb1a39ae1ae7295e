using System.Collections.Concurrent;
using System.Net;
using Actors443.Connections;
using Actors443.Hosting;
using Actors443.IntegrationTests.Embedding;
using Actors443.IntegrationTests.Engine;
using Actors443.Remoting;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.IntegrationTests.Remoting;

/// <summary>A host whose Akka.Remote goes over its https listener: one port, real sockets. Its actor <c>ear</c> keeps what it hears.</summary>
internal sealed class RemotingNode : IAsyncDisposable
{
    private readonly EmbeddedHost _host;
    private readonly ConcurrentQueue<Obituary> _obituaries = new();
    private readonly LinesOfLog _log;

    private RemotingNode(EmbeddedHost host, LinesOfLog log)
    {
        _host = host;
        _log = log;
        Transport = Actors443Parts.Of(host.System).Environment.Nodes.Systems.Single();
        IActorRef mourner = host.System.ActorOf(Props.Create(() => new Mourner(_obituaries)));
        host.System.EventStream.Subscribe(mourner, typeof(Obituary));
        Ear = host.System.ActorOf(Props.Create(() => new EarActor(Heard)), "ear");
    }

    public Actors443Transport Transport { get; }

    /// <summary>By what it connects to others.</summary>
    public PeerDialer Dialer => Actors443Parts.Of(System).Environment.Nodes.Dialer!;

    public PeerAddress Address => Transport.Settings.Known;

    public ActorSystem System => _host.System;

    public IActorRef Ear { get; }

    /// <summary>In the order that it came.</summary>
    public ConcurrentQueue<object> Heard { get; } = new();

    public IEnumerable<Obituary> Obituaries => _obituaries;

    public IEnumerable<string> Log => _log.Lines;

    public static async Task<RemotingNode> StartAsync(Action<Actors443RemotingOptions> configure, string host = "127.0.0.1", int? port = null, Action<AkkaConfigurationBuilder>? akka = null, Action<Actors443Options>? server = null)
    {
        int own = port ?? FreePort.Next();
        var log = new LinesOfLog();
        string bind = IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, own).ToString() : new IPEndPoint(IPAddress.Loopback, own).ToString();
        EmbeddedHost embedded = await EmbeddedHost.StartAsync(
            TestEngine.Name,
            _ => { },
            services => services.AddSingleton<ILoggerProvider>(log),
            builder =>
            {
                // Akka leaves an address alone for five seconds after an association has broken.
                builder.AddHocon("akka.remote.retry-gate-closed-for = 200ms", HoconAddMode.Prepend);
                builder.WithActors443Remoting(options =>
                {
                    options.PublicHostName = host;
                    options.Port = own;
                    configure(options);
                });
                akka?.Invoke(builder);
            },
            options =>
            {
                options.Bind(bind);
                server?.Invoke(options);
            });
        return new RemotingNode(embedded, log);
    }

    /// <summary>The ear of another node.</summary>
    public ActorSelection EarOf(RemotingNode other) => System.ActorSelection($"akka.{other.Transport.Settings.Address}/user/ear");

    /// <summary>Until the other has answered.</summary>
    public async Task ReachAsync(RemotingNode other)
    {
        try
        {
            await Eventually.HoldsAsync(() => AnswersAsync(other), $"{Address} reaches {other.Address}", TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException cause)
        {
            throw new TimeoutException($"{cause.Message}\n{string.Join('\n', Log.Concat(other.Log))}\n{string.Join('\n', other.Obituaries.Select(end => $"{end.Reason} {end.Detail}"))}", cause);
        }
    }

    private async Task<bool> AnswersAsync(RemotingNode other)
    {
        try
        {
            return await EarOf(other).Ask<string>("ping", TimeSpan.FromSeconds(2)) == "pong";
        }
        catch (AskTimeoutException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    private sealed class EarActor : ReceiveActor
    {
        public EarActor(ConcurrentQueue<object> heard)
        {
            Receive<string>(text => text == "ping", _ => Sender.Tell("pong"));
            ReceiveAny(heard.Enqueue);
        }
    }

    private sealed class Mourner : ReceiveActor
    {
        public Mourner(ConcurrentQueue<Obituary> obituaries) => Receive<Obituary>(obituaries.Enqueue);
    }
}
