using System.Globalization;
using Actors443.Hosting;
using Actors443.Remoting;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;
using Akka.Remote;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.Bench.Remoting;

/// <summary>One of the two processes of <see cref="RotationUnderLoad"/>: streams numbers to the other, and looks at those that come. Says how it stands for each line on its standard input.</summary>
internal static class RotationNode
{
    /// <summary>A line of input after which it sends no more, and ends when all that it has sent has come.</summary>
    public const string Stop = "stop";

    /// <summary>Numbers on their way at most.</summary>
    private const int Window = 2_000;

    /// <summary>How often the other says how far it is.</summary>
    private const int Step = 100;

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);

    /// <param name="folder">Of certificates, as <see cref="NodeCertificates"/> writes them.</param>
    /// <param name="name">Whose.</param>
    /// <param name="port">Its own.</param>
    /// <param name="peer">The other's.</param>
    public static async Task<int> RunAsync(string folder, string name, int port, int peer)
    {
        string state = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka(RemotingNode.System, akka => akka
            .AddHocon("akka { loglevel = WARNING, stdout-loglevel = OFF }", HoconAddMode.Prepend)
            .WithActors443Remoting(options =>
            {
                options.PublicHostName = "127.0.0.1";
                options.Port = port;
                NodeCertificates.UseFrom(folder, name, options);
                options.RehandshakeWithin = Within;
            })
            .WithActors443(options => options.Bind(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}")).Set("http.enabled", "off").Set("https.http3", "off").Set("state-directory", $"\"{state}\"")));
        builder.WebHost.UseActors443();
        await using WebApplication application = builder.Build();
        await application.StartAsync();
        var system = application.Services.GetRequiredService<ActorSystem>();
        Actors443Transport transport = Actors443Parts.Of(system).Environment.Nodes.Systems.Single();
        var numbers = new Numbers();
        IActorRef actor = system.ActorOf(Props.Create<NumbersActor>(numbers), "numbers");
        foreach (Type lost in (Type[])[typeof(DisassociatedEvent), typeof(AssociationErrorEvent), typeof(QuarantinedEvent)])
            system.EventStream.Subscribe(actor, lost);
        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is { } order)
        {
            if (order == "go")
                actor.Tell(await RemotingNode.FindAsync(system.ActorSelection(string.Create(CultureInfo.InvariantCulture, $"akka.actors443://{RemotingNode.System}@127.0.0.1:{peer}/user/numbers"))));
            numbers.MaySend = order != Stop;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{numbers.Sent} {numbers.Confirmed} {numbers.Heard} {numbers.Wrong} {numbers.Lost} {transport.Renewals!.Renewed} {string.Join(',', transport.Dialed.Select(dialed => dialed.Certificate.Thumbprint))} {string.Join(',', transport.Accepted.Select(accepted => accepted.Connection.ClientCertificate?.Thumbprint))}"));
        }

        await application.StopAsync();
        Directory.Delete(state, recursive: true);
        return 0;
    }

    /// <summary>Written by the actor, read by whoever asks.</summary>
    private sealed class Numbers
    {
        public volatile bool MaySend;
        public long Sent;
        public long Confirmed;
        public long Heard;

        /// <summary>Numbers that were not the next.</summary>
        public long Wrong;

        /// <summary>Associations.</summary>
        public long Lost;
    }

    private sealed record Confirm(long Up);

    private sealed class NumbersActor : ReceiveActor
    {
        public NumbersActor(Numbers numbers)
        {
            IActorRef? peer = null;
            Receive<IActorRef>(found =>
            {
                peer = found;
                Send();
            });
            Receive<long>(number =>
            {
                if (number != numbers.Heard)
                    numbers.Wrong++;
                numbers.Heard = number + 1;
                if (numbers.Heard % Step == 0)
                    Sender.Tell(new Confirm(numbers.Heard), Self);
            });
            Receive<Confirm>(confirm =>
            {
                numbers.Confirmed = confirm.Up;
                Send();
            });
            ReceiveAny(_ => numbers.Lost++);

            void Send()
            {
                // To a whole step, so that the last is confirmed.
                while (peer is not null && numbers.Sent - numbers.Confirmed < Window && (numbers.MaySend || numbers.Sent % Step != 0))
                    peer.Tell(numbers.Sent++, Self);
            }
        }
    }
}
