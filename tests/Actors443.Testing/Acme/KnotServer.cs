using System.Net;
using System.Security.Cryptography;
using Actors443.Acme.Dns;

namespace Actors443.Testing.Acme;

/// <summary>Knot DNS as the primary of one zone that takes signed updates, on a free port of 127.0.0.1. Killed at dispose.</summary>
internal sealed class KnotServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly TestProgram _program;

    private KnotServer(TemporaryFolder folder, TestProgram program, IPEndPoint endPoint, TsigKey key, string secret)
    {
        _folder = folder;
        _program = program;
        EndPoint = endPoint;
        Key = key;
        Secret = secret;
    }

    /// <summary>Why it cannot be started here; null: it can.</summary>
    public static string? Missing { get; } = TestProgram.Find("knotd") is null ? "knotd is not installed (Debian: knot)" : null;

    public IPEndPoint EndPoint { get; }

    /// <summary>May update the zone.</summary>
    public TsigKey Key { get; }

    /// <summary>Of <see cref="Key"/>, in base64.</summary>
    public string Secret { get; }

    public static async Task<KnotServer> StartAsync(string zone, string records = "")
    {
        var folder = new TemporaryFolder();
        string secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        int port = FreePort.Next();
        folder.Write($"{zone}.zone", $"""
            $ORIGIN {zone}.
            $TTL 60
            @ SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60
            @ NS ns
            ns A 127.0.0.1
            {records}

            """);
        string configuration = folder.Write("knot.conf", $"""
            server:
                rundir: {folder.Path}
                user: {Environment.UserName}
                listen: 127.0.0.1@{port}
            log:
              - target: stderr
                any: info
            database:
                storage: {folder.Path}
            key:
              - id: update
                algorithm: hmac-sha256
                secret: {secret}
            acl:
              - id: update
                key: update
                action: update
            zone:
              - domain: {zone}
                storage: {folder.Path}
                file: {zone}.zone
                acl: update
                zonefile-sync: -1
                journal-content: changes
            """);
        TestProgram program = TestProgram.Start("knotd", ["-c", configuration]);
        var server = new KnotServer(folder, program, new IPEndPoint(IPAddress.Loopback, port), new TsigKey("update", secret), secret);
        try
        {
            var lookup = new DnsTxtLookup([server.EndPoint], TimeSpan.FromSeconds(1));
            await Eventually.HoldsAsync(async () => program.HasExited || (await lookup.AskResolversAsync(zone, CancellationToken.None))[0].Problem is null, "knotd answers");
            return program.HasExited ? throw new InvalidOperationException($"knotd ended at once: {program.Output}") : server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        _folder.Dispose();
    }
}
