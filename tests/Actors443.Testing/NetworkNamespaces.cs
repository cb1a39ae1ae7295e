using System.Globalization;
using System.Net;

namespace Actors443.Testing;

/// <summary>
/// Network namespaces of this machine, as so many hosts on one network: a bridge, and a second one to which those are moved that are to be cut off from the others. The test and whatever
/// it runs reach all of them and are reached by all, cut off or not. Needs root. Gone at dispose.
/// </summary>
internal sealed class NetworkNamespaces : IAsyncDisposable
{
    private const string Program = "ip";

    private static int _last;

    // Of 198.18.0.0/15, which is for tests of networks (RFC 2544). Names of links have 15 characters at most.
    private readonly int _number = Environment.ProcessId % 0x10000;
    // The kernel takes its time over those of the last test.
    private readonly int _made = Interlocked.Increment(ref _last) % 0x100;
    private readonly string _network;
    private readonly List<NetworkNamespace> _all = [];

    private NetworkNamespaces() => _network = string.Create(CultureInfo.InvariantCulture, $"198.{18 + (_number >> 8 & 1)}.{_number & 0xFF}");

    /// <summary>Why there can be none here; null: there can.</summary>
    public static string? Missing { get; } = ProblemOf();

    /// <summary>By which the namespaces reach the test.</summary>
    public IPAddress Test => IPAddress.Parse(_network + ".254");

    public IReadOnlyList<NetworkNamespace> All => _all;

    private string Together => $"a443t{_number:x}{_made:x2}";

    private string Apart => $"a443a{_number:x}{_made:x2}";

    /// <exception cref="InvalidOperationException">The system refuses.</exception>
    public static async Task<NetworkNamespaces> CreateAsync(int count)
    {
        var created = new NetworkNamespaces();
        try
        {
            await created.BuildAsync(count);
            return created;
        }
        catch
        {
            await created.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it sends to the others, and they to it, is lost from now on.</summary>
    public async Task CutOffAsync(NetworkNamespace host)
    {
        await RunAsync("link", "set", LinkOf(host), "master", Apart);
        await RunAsync("route", "replace", host.Address + "/32", "dev", Apart, "src", Test.ToString());
        await ForgetNeighboursAsync();
    }

    /// <summary>Ends what <see cref="CutOffAsync"/> began.</summary>
    public async Task HealAsync(NetworkNamespace host)
    {
        await RunAsync("link", "set", LinkOf(host), "master", Together);
        await RunAsync("route", "del", host.Address + "/32", "dev", Apart);
        await ForgetNeighboursAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (NetworkNamespace host in _all)
            await host.DisposeAsync();
        // What was not made yet is not there to be deleted.
        foreach (NetworkNamespace host in _all)
            await TryRunAsync("netns", "del", host.Name);
        await TryRunAsync("link", "del", Together);
        await TryRunAsync("link", "del", Apart);
    }

    private static string? ProblemOf()
    {
        if (!OperatingSystem.IsLinux())
            return "network namespaces are of Linux";
        if (TestProgram.Find(Program) is null)
            return "ip is not installed (Debian: iproute2)";
        return Environment.IsPrivilegedProcess ? null : "network namespaces need root";
    }

    private async Task BuildAsync(int count)
    {
        await RunAsync("link", "add", Together, "type", "bridge");
        await RunAsync("link", "add", Apart, "type", "bridge");
        await RunAsync("address", "add", Test + "/24", "dev", Together);
        await RunAsync("link", "set", Together, "up");
        await RunAsync("link", "set", Apart, "up");
        for (int number = 1; number <= count; number++)
        {
            var host = new NetworkNamespace(string.Create(CultureInfo.InvariantCulture, $"a443-{_number:x}{_made:x2}-{number}"), IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"{_network}.{number}")));
            _all.Add(host);
            await RunAsync("netns", "add", host.Name);
            await RunAsync("link", "add", LinkOf(host), "type", "veth", "peer", "name", "eth0", "netns", host.Name);
            await RunAsync("link", "set", LinkOf(host), "master", Together, "up");
            await RunAsync("-n", host.Name, "address", "add", host.Address + "/24", "dev", "eth0");
            await RunAsync("-n", host.Name, "link", "set", "lo", "up");
            await RunAsync("-n", host.Name, "link", "set", "eth0", "up");
        }
    }

    // The test has another address of hardware on the other bridge.
    private async Task ForgetNeighboursAsync()
    {
        foreach (NetworkNamespace host in _all)
            await RunAsync("-n", host.Name, "neighbour", "flush", "dev", "eth0");
    }

    private string LinkOf(NetworkNamespace host) => string.Create(CultureInfo.InvariantCulture, $"a443v{_number:x}{_made:x2}{_all.IndexOf(host)}");

    private static async Task RunAsync(params string[] arguments)
    {
        (int exitCode, string output) = await TryRunAsync(arguments);
        if (exitCode != 0)
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {output}");
    }

    private static async Task<(int ExitCode, string Output)> TryRunAsync(params string[] arguments)
    {
        await using TestProgram ip = TestProgram.Start(Program, arguments);
        await ip.EndAsync();
        return (ip.ExitCode, ip.Output);
    }
}
