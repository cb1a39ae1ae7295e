using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Actors443.Configuration;
using Actors443.IntegrationTests.Engine;
using Actors443.Tunnels.Egress;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.IntegrationTests.Routing;

/// <summary>An application with routes, and raw clients of it.</summary>
internal static class RoutingHost
{
    public static ConnectionRouteSettings ByName(int upstream, params string[] names) => new() { Name = names[0], ServerNames = names, To = [At(upstream)] };

    public static ConnectionRouteSettings ByFirstBytes(int upstream, string text) =>
        new() { Name = text, FirstBytes = [new FirstBytesPattern(text, [.. System.Text.Encoding.ASCII.GetBytes(text).Select(one => (int)one)])], To = [At(upstream)] };

    public static ConnectionRouteSettings Silent(int upstream, TimeSpan after) => new() { Name = "silent", SilentFor = after, To = [At(upstream)] };

    public static UpstreamAddress At(int port) => new("127.0.0.1", port);

    public static Task<EngineHost> StartAsync(EngineKind kind, IReadOnlyList<ConnectionRouteSettings> routes, Func<Actors443Settings, Actors443Settings>? configure = null, ITargetResolver? resolver = null, ILoggerProvider? log = null) => EngineHost.StartAsync(
        kind,
        settings => (configure ?? (same => same))(settings with { Routes = routes }),
        services: services =>
        {
            if (resolver is not null)
                services.AddSingleton(resolver);
        },
        log: log);

    [SuppressMessage("Reliability", "CA2000", Justification = "The client is the caller's.")]
    public static async Task<TcpClient> ConnectAsync(EngineHost host)
    {
        var client = new TcpClient(AddressFamily.InterNetwork) { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, host.Port);
        return client;
    }

    /// <summary>Everything up to the end.</summary>
    public static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, patience.Token);
        return all.ToArray();
    }

    public static async Task<byte[]> ReadAsync(Stream stream, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        byte[] bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, patience.Token);
        return bytes;
    }

    /// <summary>Reads until a reset; false: it ended in order.</summary>
    public static async Task<bool> IsResetAsync(Stream stream)
    {
        try
        {
            await ReadToEndAsync(stream);
            return false;
        }
        catch (IOException cause) when (cause.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return true;
        }
    }
}
