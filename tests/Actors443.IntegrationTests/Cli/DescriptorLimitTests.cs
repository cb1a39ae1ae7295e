using System.Net;
using System.Net.Sockets;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Cli;

/// <summary>A process that may have no more files: without a reserve its runtime could start no thread, and end it.</summary>
public sealed class DescriptorLimitTests
{
    private const int Limit = 400;

    [SkippableTheory]
    [InlineData("event-loop")]
    [InlineData("portable")]
    public async Task At_the_limit_of_files_it_lives_and_then_accepts_again(string engine)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/usr/bin/prlimit"), "prlimit is missing (apt install util-linux)");
        await using ServerProcess server = await ServerProcess.StartUnderAsync(["prlimit", $"--nofile={Limit}:{Limit}"], null, "engine=" + engine);
        var sockets = new List<Socket>();
        try
        {
            for (int number = 0; number < Limit + 100; number++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, server.HttpsPort);
            }

            await Eventually.HoldsAsync(() => server.Errors.Contains("for want of file descriptors", StringComparison.Ordinal), "it says so", TimeSpan.FromSeconds(30));
            // What is left is for others than clients: the admin server among them.
            Assert.Equal(200, await server.ReadinessAsync());
        }
        finally
        {
            sockets.ForEach(socket => socket.Close(0));
        }

        Assert.False(server.HasExited, server.Errors);
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        Assert.Equal(200, (await client.GetAsync()).Status);
    }
}
