using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>Clients that connect to nodes by their ports and stay. Gone at dispose.</summary>
/// <param name="serverName">Whom they ask for.</param>
internal sealed class HeldClients(string serverName = "localhost") : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private readonly List<Held> _held = [];

    /// <summary>How many the servers have not ended.</summary>
    public int Count
    {
        get
        {
            lock (_held)
                return _held.Count(held => !held.Ended.IsCompleted);
        }
    }

    /// <summary>Without resumption: SslStream keeps sessions by host, and these have one host. Null: it is refused.</summary>
    public static async Task<TlsClient?> TryConnectAsync(int port, X509Certificate2? certificate, string serverName = "localhost")
    {
        try
        {
            return await TlsClient.ConnectAsync(port, serverName, configure: options =>
            {
                options.AllowTlsResume = false;
                if (certificate is null)
                    return;
                options.ClientCertificates = [certificate];
                options.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
            });
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException or SocketException)
        {
            return null;
        }
    }

    /// <summary>Whether it connects and its request is answered. It leaves then.</summary>
    public static async Task<bool> IsServedAsync(int port, X509Certificate2 certificate, string serverName = "localhost")
    {
        await using TlsClient? client = await TryConnectAsync(port, certificate, serverName);
        return client is not null && await IsServedAsync(client, serverName);
    }

    public async Task<bool> TryHoldAsync(int port, X509Certificate2? certificate = null)
    {
        if (await TryConnectAsync(port, certificate, serverName) is not { } client)
            return false;
        // By TLS 1.3 the client believes it is in before the server has looked at its certificate.
        if (certificate is not null && !await IsServedAsync(client, serverName))
        {
            await client.DisposeAsync();
            return false;
        }

        // One too many may have been answered before it was counted, and is ended then.
        var held = new Held(port, client, client.EndsAsync(Long));
        lock (_held)
            _held.Add(held);
        return true;
    }

    /// <summary>As soon as there is room for each.</summary>
    public async Task HoldAsync(int port, int count, X509Certificate2? certificate = null)
    {
        for (int number = 0; number < count; number++)
            await Eventually.HoldsAsync(() => TryHoldAsync(port, certificate), $"{port} lets one in", Patience);
    }

    /// <summary>That many try, in turn at each port.</summary>
    public async Task TryHoldAsync(IReadOnlyList<int> ports, X509Certificate2 certificate, int count)
    {
        for (int number = 0; number < count; number++)
            await TryHoldAsync(ports[number % ports.Count], certificate);
    }

    /// <summary>One leaves that has not been ended.</summary>
    public async Task LeaveAsync(int? port = null)
    {
        int index = _held.FindIndex(held => (port is null || held.Port == port) && !held.Ended.IsCompleted);
        await _held[index].Client.DisposeAsync();
        _held.RemoveAt(index);
    }

    public async Task LeaveAllAsync()
    {
        foreach (Held held in _held)
            await held.Client.DisposeAsync();
        _held.Clear();
    }

    /// <summary>Whether the servers end all of them.</summary>
    public async Task<bool> AllEndAsync() => (await Task.WhenAll(_held.Select(held => held.Ended)).WaitAsync(Patience)).All(ended => ended);

    public async ValueTask DisposeAsync() => await LeaveAllAsync();

    private sealed record Held(int Port, TlsClient Client, Task<bool> Ended);

    private static async Task<bool> IsServedAsync(TlsClient client, string serverName)
    {
        try
        {
            return (await client.GetAsync(host: serverName)).Status == 200;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
