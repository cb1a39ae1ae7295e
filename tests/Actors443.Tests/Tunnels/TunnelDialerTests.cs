using System.Net;
using System.Net.Sockets;
using Actors443.Configuration;
using Actors443.Tunnels;
using Actors443.Tunnels.Egress;
using Actors443.Tunnels.Targets;

namespace Actors443.Tests.Tunnels;

public sealed class TunnelDialerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_name_is_asked_for_once_and_what_was_checked_is_connected_to()
    {
        using TcpListener listener = Listen(out int port);
        // Harmless at first, the metadata service a moment later.
        var resolver = new TurningResolver([IPAddress.Loopback], [IPAddress.Parse("169.254.169.254")]);

        (EgressSocket? socket, TunnelRefusal? refusal) = await new TunnelDialer(resolver).DialAsync(Policy(port), new TunnelTarget("turning.test", null, port), SystemEgressConnector.Instance, Patience, CancellationToken.None);

        using (socket)
            Assert.Equal((null, $"127.0.0.1:{port}", 1), (refusal, socket!.Remote.ToString(), resolver.Asked));
    }

    [Fact]
    public async Task A_name_that_has_turned_to_a_forbidden_address_is_refused_and_nobody_is_connected_to()
    {
        var resolver = new TurningResolver([IPAddress.Parse("169.254.169.254"), IPAddress.Parse("::ffff:10.0.0.1")]);

        (EgressSocket? socket, TunnelRefusal? refusal) = await new TunnelDialer(resolver).DialAsync(Policy(80), new TunnelTarget("turning.test", null, 80), SystemEgressConnector.Instance, Patience, CancellationToken.None);

        Assert.Equal((null, TunnelRefusal.NotPublic), (socket, refusal));
    }

    [Fact]
    public async Task Of_several_addresses_only_those_allowed_are_tried_and_the_next_if_one_refuses()
    {
        using TcpListener listener = Listen(out int port);
        var resolver = new TurningResolver([IPAddress.Parse("10.0.0.1"), IPAddress.Parse("127.0.0.9"), IPAddress.Loopback]);

        (EgressSocket? socket, _) = await new TunnelDialer(resolver).DialAsync(Policy(port), new TunnelTarget("many.test", null, port), SystemEgressConnector.Instance, Patience, CancellationToken.None);

        using (socket)
            Assert.Equal($"127.0.0.1:{port}", socket!.Remote.ToString());
    }

    [Fact]
    public async Task A_name_that_no_rule_can_lead_to_is_not_asked_for()
    {
        var resolver = new TurningResolver([IPAddress.Loopback]);

        (_, TunnelRefusal? refusal) = await new TunnelDialer(resolver).DialAsync(new TargetPolicy([new TunnelRule("a.test", null, 1, 65535)], []), new TunnelTarget("b.test", null, 80), SystemEgressConnector.Instance, Patience, CancellationToken.None);

        Assert.Equal((TunnelRefusal.NotAllowed, 0), (refusal, resolver.Asked));
    }

    [Fact]
    public async Task Nobody_waits_longer_than_the_settings_say()
    {
        (_, TunnelRefusal? refusal) = await new TunnelDialer(new SilentResolver()).DialAsync(Policy(80), new TunnelTarget("silent.test", null, 80), SystemEgressConnector.Instance, TimeSpan.FromMilliseconds(50), CancellationToken.None);

        Assert.Equal(TunnelRefusal.TimedOut, refusal);
    }

    private static TcpListener Listen(out int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return listener;
    }

    private static TargetPolicy Policy(int port) => new([new TunnelRule("*", null, port, port)], [IPNetwork.Parse("127.0.0.0/8")]);

    private sealed class TurningResolver(params IPAddress[][] answers) : ITargetResolver
    {
        public int Asked { get; private set; }

        public Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken) => Task.FromResult(answers[Math.Min(Asked++, answers.Length - 1)]);
    }

    private sealed class SilentResolver : ITargetResolver
    {
        public async Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
        {
            var never = new TaskCompletionSource<IPAddress[]>();
            return await never.Task.WaitAsync(cancellationToken);
        }
    }
}
