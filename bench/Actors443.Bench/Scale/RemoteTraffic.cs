using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Actors443.Bench.Scale;

/// <summary>Bytes between nodes, as the kernel counts them on the sockets of their ports (<c>ss -ti</c>).</summary>
internal static partial class RemoteTraffic
{
    /// <summary>Bytes that all sockets of these ports have sent so far: with TLS and without the headers of TCP and IP.</summary>
    public static async Task<long> BytesSentAsync(int firstPort, int count)
    {
        string ports = string.Create(CultureInfo.InvariantCulture, $"( sport >= :{firstPort} and sport < :{firstPort + count} ) or ( dport >= :{firstPort} and dport < :{firstPort + count} )");
        using Process process = Process.Start(new ProcessStartInfo("ss", ["-tinH", "state", "established", ports]) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"ss ended with {process.ExitCode}; it is in the package iproute2.");
        return BytesSent().Matches(output).Sum(match => long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"\bbytes_sent:(\d+)")]
    private static partial Regex BytesSent();
}
