using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Actors443.Server.Admin;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.Bench.Soak;

/// <summary>A name whose certificate is ordered anew by ACME again and again, of pebble, while its visitors look at what they are shown.</summary>
internal sealed class SoakRenewals : IAsyncDisposable
{
    private const string Name = "acme.test";
    private const string Issuer = "Pebble";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Visit = TimeSpan.FromMilliseconds(500);

    // The actor that orders may be made to fail meanwhile; whoever asks again gets another.
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(2);

    private readonly PebbleServer _pebble;
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<SoakFailure> _failures = [];

    private SoakRenewals(PebbleServer pebble) => _pebble = pebble;

    /// <summary>Certificates after the first.</summary>
    public int Renewed { get; private set; }

    public int Visits { get; private set; }

    /// <summary>The longest that one took, asked for more than once if need be.</summary>
    public TimeSpan Longest { get; private set; }

    public IReadOnlyCollection<SoakFailure> Failures => _failures;

    /// <summary>Null: pebble is not here, which is said.</summary>
    public static async Task<SoakRenewals?> StartAsync(int httpsPort)
    {
        if (PebbleServer.Missing is not { } missing)
            return new SoakRenewals(await PebbleServer.StartAsync(new PebbleOptions { TlsPort = httpsPort }));
        Console.WriteLine($"without renewals by ACME: {missing}");
        return null;
    }

    /// <summary>HOCON under <c>actors443</c>.</summary>
    public string Settings => $$"""
        sites."{{Name}}" { respond = "This is {{Name}}", certificate = acme }
        certificates.acme {
          email = "admin@acme.test"
          agree-to-terms = on
          issuers = [{ name = "{{Issuer}}", directory = "{{_pebble.Issuer.Directory}}", trusted-roots = "{{_folder.Write("roots.pem", string.Join('\n', _pebble.Issuer.TrustedRoots.Select(root => root.ExportCertificatePem())))}}" }]
          poll-interval = 200ms
          retry { minimum = 500ms, maximum = 2s }
        }
        """;

    public async Task RunAsync(WatchedServer server, CancellationToken stop)
    {
        string? shown = await AwaitOtherAsync(server, null, stop);
        while (shown is not null)
        {
            long next = Stopwatch.GetTimestamp();
            while (!stop.IsCancellationRequested && Stopwatch.GetElapsedTime(next) < Every)
                shown = await LookAsync(server, stop) ?? shown;
            if (stop.IsCancellationRequested)
                return;
            if ((shown = await AwaitOtherAsync(server, shown, stop)) is not null)
                Renewed++;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _pebble.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Asks for a certificate until another one is shown; null: it is all over.</summary>
    private async Task<string?> AwaitOtherAsync(WatchedServer server, string? before, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        long asked = 0;
        bool told = false;
        while (!stop.IsCancellationRequested)
        {
            // The first is ordered by itself.
            if (before is not null && (asked == 0 || Stopwatch.GetElapsedTime(asked) > AskAgain))
            {
                await AskAsync(server);
                asked = Stopwatch.GetTimestamp();
            }

            string? now = await LookAsync(server, stop, mayHaveNone: before is null);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            if (now is not null && now != before)
            {
                Longest = took > Longest ? took : Longest;
                return now;
            }

            if (took > Late && !told)
            {
                told = true;
                Fail("a renewal", "no new certificate was shown for two minutes");
            }
        }

        return null;
    }

    private static async Task AskAsync(WatchedServer server)
    {
        try
        {
            await server.Admin.RenewCertificateAsync(Name, CancellationToken.None);
        }
        catch (AdminException)
        {
            // Who would answer has just been made to fail: it is asked again.
        }
    }

    /// <summary>The serial number of what a visitor is shown; null: it has failed.</summary>
    private async Task<string?> LookAsync(WatchedServer server, CancellationToken stop, bool mayHaveNone = false)
    {
        await Task.Delay(Visit, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            using X509Certificate2 shown = await AcmeSites.ShownAsync(server.Port, Name);
            Visits++;
            if (shown.Issuer.Contains(Issuer, StringComparison.Ordinal))
                return shown.SerialNumber;
            if (!mayHaveNone)
                Fail("a visit of " + Name, $"a certificate of '{shown.Issuer}' was shown");
        }
        catch (Exception cause) when (cause is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException)
        {
            if (!stop.IsCancellationRequested)
                Fail("a visit of " + Name, cause.GetBaseException().Message);
        }

        return null;
    }

    private void Fail(string what, string how) => _failures.Enqueue(new SoakFailure(DateTimeOffset.UtcNow, what, how));
}
