using Actors443.Server.Configuration;

namespace Actors443.Server.Cli.Doctor;

/// <summary>Do the limits of process and kernel allow what the settings allow?</summary>
internal static class LimitChecks
{
    // Files, listeners, the runtime's own.
    private const int OwnDescriptors = 500;

    // Beneath it the kernel drops datagrams of QUIC that come in a burst.
    private const int QuicBuffer = 2_500_000;

    public static IEnumerable<Finding> Look(ServerSettings settings, Machine machine)
    {
        if (machine.Limit("Max open files") is { } descriptors)
            yield return LookAtDescriptors(settings, descriptors.Hard);
        if (machine.Sysctl("net.core.somaxconn") is { } backlog)
        {
            yield return backlog >= settings.Core.Https.Backlog
                ? Finding.Good("kernel", $"net.core.somaxconn = {backlog}")
                : Finding.Warning("kernel", $"net.core.somaxconn = {backlog} is less than https.backlog = {settings.Core.Https.Backlog}: a burst of new connections is dropped early", $"sysctl -w net.core.somaxconn={settings.Core.Https.Backlog}");
        }

        if (machine.Sysctl("net.ipv4.tcp_syncookies") is 0)
            yield return Finding.Warning("kernel", "net.ipv4.tcp_syncookies = 0: a flood of SYN packets keeps everybody out", "sysctl -w net.ipv4.tcp_syncookies=1");
        if (machine.Sysctl("net.netfilter.nf_conntrack_max") is { } tracked && tracked < 2L * settings.Core.Admission.MaximumConnections)
        {
            yield return Finding.Warning(
                "kernel", $"net.netfilter.nf_conntrack_max = {tracked}: the firewall drops connections beyond it, and admission.maximum-connections is {settings.Core.Admission.MaximumConnections}",
                $"sysctl -w net.netfilter.nf_conntrack_max={2L * settings.Core.Admission.MaximumConnections}, or do not track these ports");
        }

        if (machine.Read("proc/sys/net/ipv4/ip_local_port_range")?.Split('\t', ' ') is [var first, var last] && int.TryParse(first, out int low) && int.TryParse(last, out int high) && high - low < 10_000)
        {
            yield return Finding.Warning(
                "kernel", $"net.ipv4.ip_local_port_range = {low} {high}: no more than {high - low} connections to one upstream at once", "sysctl -w net.ipv4.ip_local_port_range='10240 65000'");
        }

        if (settings.Core.Https.Http3 != Actors443.Configuration.Http3Mode.Off && machine.Sysctl("net.core.rmem_max") is { } buffer and < QuicBuffer)
            yield return Finding.Hint("kernel", $"net.core.rmem_max = {buffer}: HTTP/3 is slower than it could be", $"sysctl -w net.core.rmem_max={QuicBuffer}");
        if (machine.Read("sys/fs/cgroup/memory.max") is { } memory && long.TryParse(memory, out long bytes) && bytes < 256L << 20)
            yield return Finding.Warning("memory", $"the control group allows {HumanText.Bytes(bytes)}", "give it 256 MiB or more; a connection takes 16 KiB");
    }

    private static Finding LookAtDescriptors(ServerSettings settings, long hard)
    {
        long needed = settings.Core.Admission.MaximumConnections + (long)OwnDescriptors;
        string limit = hard == long.MaxValue ? "unlimited" : $"{hard}";
        return hard >= needed
            ? Finding.Good("descriptors", $"{limit} may be open")
            : Finding.Warning(
                "descriptors", $"{limit} may be open, and admission.maximum-connections = {settings.Core.Admission.MaximumConnections} needs {needed}, more where upstreams have connections of their own",
                $"LimitNOFILE={needed * 2} in the systemd unit or 'ulimit -Hn {needed * 2}', or lower admission.maximum-connections");
    }
}
