using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.IntegrationTests.Acme;

/// <summary>Alone: between two lives of the server its ports are free for anybody.</summary>
[CollectionDefinition(nameof(KilledServerTests), DisableParallelization = true)]
public sealed class KilledServerCollection;

/// <summary>The real process, killed at every step of an order, before and after the CA has carried it out.</summary>
[Collection(nameof(KilledServerTests))]
public sealed class KilledServerTests
{
    private const int Kill = 9;
    // Nobody else's: between two lives its port may become that of another test.
    private const string Name = "killed.site.test";

    // Kinds of requests as pebble has them, each to be cut off once before the CA has it (false) and once before its answer is back (true).
    private static readonly (string Kind, bool Answered)[] Steps =
    [
        ("sign-me-up", false), ("sign-me-up", true),
        ("order-plz", false), ("order-plz", true),
        ("my-order", false), ("my-order", true),
        ("authZ", false), ("authZ", true),
        ("chalZ", false), ("chalZ", true),
        ("finalize-order", false), ("finalize-order", true),
        ("certZ", false), ("certZ", true),
    ];

    [SkippableFact]
    public async Task Killed_at_every_step_it_ends_with_one_account_and_one_certificate()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGKILL");
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        int https = FreePort.Next();
        int http = FreePort.Next();
        using var folder = new TemporaryFolder();
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = http, TlsPort = https, NoncesRefused = 10 });
        await using CaProxy ca = await CaProxy.StartAsync(pebble.Issuer);
        string configuration = folder.Write("acme.conf", AcmeSites.Hocon(folder, [ca.Issuer], [Name]));
        var steps = new Queue<(string Kind, bool Answered)>(Steps);
        ServerProcess? running = null;
        int kills = 0;
        ca.Cuts = request =>
        {
            lock (steps)
            {
                if (running is null || !steps.TryPeek(out (string Kind, bool Answered) step) || request.Kind != step.Kind || request.Status is not null != step.Answered || request.Status == 400)
                    return false;
                steps.Dequeue();
                running.Signal(Kill);
                running = null;
                kills++;
                return true;
            }
        };

        while (true)
        {
            int before = Volatile.Read(ref kills);
            await using ServerProcess server = ServerProcess.Launch(new TemporaryFolder(), [], [
                "run", configuration, "--set", TestEngine.Setting, "--set", $"https.bind=127.0.0.1:{https}", "--set", $"http.bind=127.0.0.1:{http}", "--set", "admin.enabled=off",
                "--set", $"state-directory={folder.Path}/state"]);
            lock (steps)
                running = server;
            X509Certificate2? shown = null;
            await Eventually.HoldsAsync(
                async () => server.HasExited || Volatile.Read(ref kills) > before || (shown = await TryShownAsync(https)) is { } seen && seen.Issuer.Contains("Pebble", StringComparison.Ordinal),
                $"the server is killed at {string.Join(' ', steps.Take(1))}, or serves: {server.Errors}",
                AcmeSites.Patience);
            if (Volatile.Read(ref kills) > before)
            {
                Assert.NotEqual(0, await server.ExitAsync());
                continue;
            }

            Assert.False(server.HasExited, server.Errors);
            Assert.Empty(steps);
            Assert.Equal([Name], CertificateValidation.NamesOf(shown!));
            break;
        }

        Assert.Equal(Steps.Length, kills);
        Assert.Equal(1, ca.Answered.Count(answer => answer is { Kind: "sign-me-up", Status: 201 }));
        // The CA was sent one signing request that it took, and so has issued one certificate.
        Assert.Equal(1, ca.Answered.Count(answer => answer is { Kind: "finalize-order", Status: 200 }));
        Assert.Single(Directory.GetFiles(folder.Path, "*.pem", SearchOption.AllDirectories), file => file.Contains("certificates", StringComparison.Ordinal));
    }

    private static async Task<X509Certificate2?> TryShownAsync(int port)
    {
        try
        {
            return await AcmeSites.ShownAsync(port, Name);
        }
        catch (Exception cause) when (cause is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException)
        {
            // It does not listen yet, or is killed just now.
            return null;
        }
    }
}
