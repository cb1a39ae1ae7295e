using System.Net.Sockets;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>sshd on 127.0.0.1, with a key for its one user.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly TestProgram _sshd;

    private SshServer(TemporaryFolder folder, TestProgram sshd, int port)
    {
        _folder = folder;
        _sshd = sshd;
        Port = port;
    }

    /// <summary>Why it cannot be started here; null: it can.</summary>
    public static string? Missing { get; } = TestProgram.Find("sshd") is null || TestProgram.Find("ssh") is null ? "openssh-server or openssh-client is not installed" : null;

    public int Port { get; }

    public string Output => _sshd.Output;

    public static async Task<SshServer> StartAsync()
    {
        var folder = new TemporaryFolder();
        await TunnelClientTests.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{folder.Path}/host");
        await TunnelClientTests.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{folder.Path}/user");
        int port = FreePort.Next();
        string configuration = folder.Write("sshd_config", $"""
            ListenAddress 127.0.0.1:{port}
            HostKey {folder.Path}/host
            AuthorizedKeysFile {folder.Path}/user.pub
            StrictModes no
            UsePAM no
            PidFile none
            """);
        if (OperatingSystem.IsLinux())
            Directory.CreateDirectory("/run/sshd");
        TestProgram sshd = TestProgram.Start("sshd", ["-D", "-e", "-f", configuration]);
        await Eventually.HoldsAsync(async () => await ListensAsync(port), $"sshd listens: {sshd.Output}");
        return new SshServer(folder, sshd, port);
    }

    public static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>What a command says there.</summary>
    /// <param name="port">To connect to.</param>
    /// <param name="command">For the shell.</param>
    /// <param name="options">More of ssh's.</param>
    public Task<string> RunAsync(int port, string command, params string[] options) => TunnelClientTests.RunAsync(
        "ssh", ["-F", "none", "-i", $"{_folder.Path}/user", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", .. options, "-p", $"{port}", "127.0.0.1", command]);

    public async ValueTask DisposeAsync()
    {
        await _sshd.DisposeAsync();
        _folder.Dispose();
    }
}
