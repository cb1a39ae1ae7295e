using System.Diagnostics;
using System.Globalization;
using Actors443.Cluster.Identity;
using Actors443.Hosting;
using Akka.Actor;
using Akka.Hosting;
using Akka.Remote.Transport.DotNetty;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.Bench.Remoting;

/// <summary>One of the two processes of <see cref="RemotingCost"/>: an actor system that answers, and one that asks when it is told to on its standard input.</summary>
internal static class RemotingNode
{
    public const string System = "bench";

    /// <summary>Our transport; else DotNetty with TLS.</summary>
    public const string Own = "actors443";

    private const string Secret = "a secret that both processes of the benchmark have";

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(30);

    /// <param name="transport"><see cref="Own"/>, or <c>dot-netty</c>.</param>
    /// <param name="port">Its own.</param>
    /// <param name="peer">The other's; 0: it only answers.</param>
    public static async Task<int> RunAsync(string transport, int port, int peer)
    {
        string state = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka(System, akka => Configure(akka, transport, port, state));
        if (transport == Own)
            builder.WebHost.UseActors443();
        else
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using WebApplication application = builder.Build();
        await application.StartAsync();
        var system = application.Services.GetRequiredService<ActorSystem>();
        system.ActorOf(Props.Create(() => new Echo()), "echo");
        Console.WriteLine("ready");
        if (peer != 0)
        {
            string scheme = transport == Own ? "akka.actors443" : "akka.ssl.tcp";
            IActorRef echo = await FindAsync(system.ActorSelection(string.Create(CultureInfo.InvariantCulture, $"{scheme}://{System}@127.0.0.1:{peer}/user/echo")));
            while (await Console.In.ReadLineAsync() is { Length: > 0 } order)
                Console.WriteLine(await AskAsync(system, echo, order.Split(' ')));
        }
        else
        {
            await Console.In.ReadLineAsync();
        }

        await application.StopAsync();
        Directory.Delete(state, recursive: true);
        return 0;
    }

    private static void Configure(AkkaConfigurationBuilder akka, string transport, int port, string state)
    {
        akka.AddHocon("akka { loglevel = WARNING, stdout-loglevel = OFF }", HoconAddMode.Prepend);
        if (transport == Own)
        {
            akka.WithActors443Remoting(options =>
            {
                options.PublicHostName = "127.0.0.1";
                options.Port = port;
                options.Secret = Secret;
            });
            akka.WithActors443(options => options.Bind(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}")).Set("http.enabled", "off").Set("https.http3", "off").Set("state-directory", $"\"{state}\""));
            return;
        }

        // As the program has it.
        var certificates = new ClusterCertificates(ClusterKeys.Read(Secret, "secret"));
        akka.AddSetup(new DotNettySslSetup(certificates.Issue("127.0.0.1"), suppressValidation: false, requireMutualAuthentication: true, (certificate, _, _, _, _) => certificates.IsOfThisCluster(certificate, out _)));
        akka.AddHocon(
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""
                akka.actor.provider = remote
                akka.remote.dot-netty.tcp { hostname = "127.0.0.1", port = {{port}}, enable-ssl = on, maximum-frame-size = 2MiB, send-buffer-size = 2MiB, receive-buffer-size = 2MiB }
                """),
            HoconAddMode.Prepend);
    }

    /// <summary>Until it is there.</summary>
    public static async Task<IActorRef> FindAsync(ActorSelection selection)
    {
        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await selection.ResolveOne(TimeSpan.FromSeconds(2));
            }
            catch (ActorNotFoundException) when (Stopwatch.GetElapsedTime(since) < WarmUp)
            {
                // It has not started.
            }
        }
    }

    // "BYTES AT-ONCE SECONDS": so many messages are always on their way there and back.
    private static async Task<string> AskAsync(ActorSystem system, IActorRef echo, string[] order)
    {
        int[] numbers = [.. order.Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
        var done = new TaskCompletionSource<(long Count, List<double> Micros)>(TaskCreationOptions.RunContinuationsAsynchronously);
        system.ActorOf(Props.Create(() => new Asker(echo, new byte[numbers[0]], numbers[1], TimeSpan.FromSeconds(numbers[2]), done)));
        (long count, List<double> micros) = await done.Task;
        micros.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{count} {micros[micros.Count / 2]:0.0} {micros[(int)(micros.Count * 0.99)]:0.0}");
    }

    /// <summary>Bytes come back as they are; of long ones only a word that they have come.</summary>
    private sealed class Echo : ReceiveActor
    {
        private static readonly byte[] Come = new byte[1];

        public Echo() => Receive<byte[]>(bytes => Sender.Tell(bytes.Length > 1000 ? Come : bytes));
    }

    private sealed class Asker : ReceiveActor
    {
        private readonly Queue<long> _sent = new();
        private readonly List<double> _micros = [];
        private readonly long _since = Stopwatch.GetTimestamp();
        private long _count;

        public Asker(IActorRef echo, byte[] message, int atOnce, TimeSpan time, TaskCompletionSource<(long Count, List<double> Micros)> done)
        {
            Receive<byte[]>(_ =>
            {
                // They come back in their order.
                _micros.Add(Stopwatch.GetElapsedTime(_sent.Dequeue()).TotalMicroseconds);
                _count++;
                if (Stopwatch.GetElapsedTime(_since) < time)
                    Send();
                else if (_sent.Count == 0)
                    done.SetResult((_count, _micros));
            });
            for (int number = 0; number < atOnce; number++)
                Send();

            void Send()
            {
                _sent.Enqueue(Stopwatch.GetTimestamp());
                echo.Tell(message, Self);
            }
        }
    }
}
