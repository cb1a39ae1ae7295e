using System.Net;
using System.Net.Sockets;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Engine;

/// <summary>With certificates that share an SSL_CTX, as those beyond the first thousand do.</summary>
public sealed class SharedContextTlsBehaviourSpecs() : TlsBehaviourSpecs(EngineKind.EventLoop, tlsContexts: 0)
{
    [SkippableTheory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_session_is_of_one_certificate(string version)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates();
        TestCertificates intermediate = authority.Intermediate();
        foreach (string name in (string[])["a.test", "b.test"])
            intermediate.Issue(name).WritePair(folder, name);
        await using EngineHost host = await StartAsync(settings => settings with { Certificates = settings.Certificates with { Directories = [folder.Path] } });
        string session = Path.Combine(folder.Path, "session");
        string[] verified = [version, "-CAfile", folder.Write("root", authority.CertificatePem), "-verify_return_error"];

        Assert.False(await OpenSslClient.ConnectAsync(host.Port, [.. verified, "-servername", "a.test", "-verify_hostname", "a.test", "-sess_out", session]));
        Assert.True(await OpenSslClient.ConnectAsync(host.Port, [.. verified, "-servername", "a.test", "-verify_hostname", "a.test", "-sess_in", session]));
        Assert.False(await OpenSslClient.ConnectAsync(host.Port, [.. verified, "-servername", "b.test", "-verify_hostname", "b.test", "-sess_in", session]));
    }
}

public sealed class PortableTlsBehaviourSpecs() : TlsBehaviourSpecs(EngineKind.Portable)
{
    [SkippableFact]
    public async Task Renegotiation_ends_the_connection_as_the_clients_fault()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using OpenSslDialogue client = OpenSslDialogue.Start(Host.Port, "-tls1_2", "-msg");
        await Eventually.HoldsAsync(() => client.Output.Contains("Verify return code", StringComparison.Ordinal), "the handshake ends");
        await client.SayAsync("R\n");

        await Eventually.HoldsAsync(() => client.HasEnded, "it is refused");
        await Host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.ProtocolError && obituary.Detail!.StartsWith("TLS: ", StringComparison.Ordinal));
    }
}

public sealed class EventLoopTlsBehaviourSpecs() : TlsBehaviourSpecs(EngineKind.EventLoop)
{
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task As_many_tickets_are_sent_as_are_set(int tickets)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using EngineHost host = await StartAsync(new TicketKeySettings { Tickets = tickets, Lifetime = TimeSpan.FromMinutes(90) });
        await using OpenSslDialogue client = OpenSslDialogue.Start(host.Port, "-tls1_3", "-msg", "-ign_eof");
        await RequestAsync(client);

        Assert.Equal(tickets, client.Count(", NewSessionTicket"));
        Assert.Equal(tickets, client.Count("TLS session ticket lifetime hint: 5400 (seconds)"));
    }

    [SkippableFact]
    public async Task Whoever_likes_chacha20_best_gets_it()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using OpenSslDialogue client = OpenSslDialogue.Start(Host.Port, "-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384", "-ign_eof");
        await RequestAsync(client);

        Assert.Contains("Cipher is TLS_CHACHA20_POLY1305_SHA256", client.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Renegotiation_is_refused_with_an_alert_and_the_end()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using OpenSslDialogue client = OpenSslDialogue.Start(Host.Port, "-tls1_2", "-msg");
        await Eventually.HoldsAsync(() => client.Output.Contains("Verify return code", StringComparison.Ordinal), "the handshake ends");
        await client.SayAsync("R\n");

        await Eventually.HoldsAsync(() => client.HasEnded, "it is refused");
        Assert.Contains("no_renegotiation", client.Output, StringComparison.Ordinal);
        await Host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.ProtocolError, Detail: "TLS: the client asks for renegotiation" });
    }

    [SkippableFact]
    public async Task A_flood_of_key_updates_ends_the_connection()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using OpenSslDialogue client = await OpenAsync("-tls1_3");
        int updates = 0;
        while (!client.HasEnded && updates < 1000 && await client.SayAsync("K\n"))
        {
            updates++;
            await Eventually.HoldsAsync(() => client.HasEnded || client.Count("KEYUPDATE") >= updates, "the keys change");
        }

        Assert.InRange(updates, 100, 300);
        await Host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.ProtocolError, Detail: "TLS: the client sends key updates without end" });
    }

    [SkippableFact]
    public async Task Secrets_are_logged_only_when_asked_for_and_are_those_of_the_client()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        using var folder = new TemporaryFolder();
        string ours = Path.Combine(folder.Path, "ours.keys");
        string theirs = Path.Combine(folder.Path, "theirs.keys");
        EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop, settings => settings with { Https = settings.Https with { KeyLogFile = ours } });
        await using (host)
            await OpenSslClient.ConnectAsync(host.Port, "-tls1_3", "-keylogfile", theirs);

        // OpenSSL's client begins its file with a comment.
        Assert.Equal(
            (await File.ReadAllLinesAsync(theirs)).Where(line => !line.StartsWith('#')).Order(StringComparer.Ordinal),
            (await File.ReadAllLinesAsync(ours)).Order(StringComparer.Ordinal));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ours));
    }

    [SkippableFact]
    public async Task A_full_disk_for_the_secrets_harms_nobody()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop, settings => settings with { Https = settings.Https with { KeyLogFile = "/dev/full" } });
        for (int round = 0; round < 3; round++)
        {
            await using TlsClient client = await TlsClient.ConnectAsync(host.Port);
            Assert.Equal(200, (await client.GetAsync()).Status);
        }
    }
}

/// <summary>What TLS clients may do, and what becomes of those who do what they may not.</summary>
public abstract class TlsBehaviourSpecs(EngineKind kind, int tlsContexts = 1000) : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    private protected EngineHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await StartAsync(settings => settings);

    public async Task DisposeAsync()
    {
        await Host.EndAsync();
        _folder.Dispose();
    }

    [SkippableTheory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_2", "-no_ticket")]
    [InlineData("-tls1_3")]
    public async Task A_session_is_resumed_by_ticket_and_by_id(params string[] arguments)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        string session = Path.Combine(_folder.Path, "session.pem");
        bool isResumed = false;
        // .NET lets go of all contexts that no connection uses each time a process has 32 more, those of other tests among them.
        for (int attempts = kind == EngineKind.Portable ? 3 : 1; attempts > 0 && !isResumed; attempts--)
        {
            Assert.False(await OpenSslClient.ConnectAsync(Host.Port, [.. arguments, "-sess_out", session]));
            isResumed = await OpenSslClient.ConnectAsync(Host.Port, [.. arguments, "-sess_in", session]);
        }

        Assert.True(isResumed);
    }

    [SkippableTheory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_2", "-no_ticket")]
    [InlineData("-tls1_3")]
    public async Task Without_tickets_no_session_is_resumed(params string[] arguments)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using EngineHost host = await StartAsync(new TicketKeySettings { Tickets = 0 });
        string session = Path.Combine(_folder.Path, "session.pem");
        Assert.False(await OpenSslClient.ConnectAsync(host.Port, [.. arguments, "-sess_out", session]));
        if (File.Exists(session))
            Assert.False(await OpenSslClient.ConnectAsync(host.Port, [.. arguments, "-sess_in", session]));
    }

    [SkippableTheory]
    [InlineData("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384")]
    [InlineData("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256")]
    public async Task The_server_chooses_the_suite(string offered)
    {
        // .NET leaves the order to the library.
        string chosen = kind == EngineKind.EventLoop ? "TLS_AES_128_GCM_SHA256" : "TLS_AES_256_GCM_SHA384";
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using OpenSslDialogue client = OpenSslDialogue.Start(Host.Port, "-tls1_3", "-ciphersuites", offered, "-ign_eof");
        await RequestAsync(client);

        Assert.Contains($"Cipher is {chosen}", client.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Keys_may_be_changed_now_and_then()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using OpenSslDialogue client = await OpenAsync("-tls1_3");
        for (int update = 1; update <= 20; update++)
        {
            // With and without the wish that the server changes its keys, too.
            await client.SayAsync(update % 2 == 0 ? "k\n" : "K\n");
            int updates = update;
            await Eventually.HoldsAsync(() => client.Count("KEYUPDATE") == updates, "the keys change");
        }

        await RequestAsync(client);
    }

    [SkippableFact]
    public async Task Early_data_is_refused_and_the_handshake_goes_on()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        // A ticket that allows early data is to be had elsewhere only.
        using var authority = new TestCertificates();
        CertificateFileSettings files = authority.Issue("localhost").WritePair(_folder, "other");
        int port = FreePort();
        string session = Path.Combine(_folder.Path, "early.pem");
        await using (OpenSslDialogue other = OpenSslDialogue.StartProgram("s_server", "-accept", $"127.0.0.1:{port}", "-cert", files.Chain!, "-key", files.Key!, "-early_data"))
        {
            await Eventually.HoldsAsync(() => ListensAsync(port), "it listens");
            await using OpenSslDialogue stranger = OpenSslDialogue.Start(port, "-tls1_3", "-sess_out", session);
            await Eventually.HoldsAsync(() => File.Exists(session) && new FileInfo(session).Length > 0, "it gives a ticket");
        }

        string early = _folder.Write("early.txt", new string('x', 10_000));
        await using OpenSslDialogue client = OpenSslDialogue.Start(Host.Port, "-tls1_3", "-sess_in", session, "-early_data", early, "-ign_eof");
        await RequestAsync(client);

        Assert.Contains("Early data was rejected", client.Output, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task The_alert_of_a_client_is_in_the_obituary_by_its_name(string version)
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        await using OpenSslDialogue client = OpenSslDialogue.Start(Host.Port, version, "-verify_return_error");
        await Eventually.HoldsAsync(() => client.HasEnded, "it does not trust the certificate");

        await Host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.HandshakeFailed, Detail: "the client sent the alert unknown_ca" });
    }

    private protected Task<EngineHost> StartAsync(TicketKeySettings tickets) => StartAsync(settings => settings with { Certificates = settings.Certificates with { TicketKeys = tickets } });

    private protected Task<EngineHost> StartAsync(Func<Actors443Settings, Actors443Settings> configure) =>
        EngineHost.StartAsync(kind, settings => configure(settings with { EventLoop = settings.EventLoop with { TlsContexts = tlsContexts } }));

    private protected async Task<OpenSslDialogue> OpenAsync(string version)
    {
        OpenSslDialogue client = OpenSslDialogue.Start(Host.Port, version);
        await Eventually.HoldsAsync(() => client.Count("read R BLOCK") > 0 || client.Output.Contains("Verify return code", StringComparison.Ordinal), "the handshake ends");
        return client;
    }

    private protected static async Task RequestAsync(OpenSslDialogue client)
    {
        await client.SayAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        await Eventually.HoldsAsync(() => client.Output.Contains("HTTP/1.1 200", StringComparison.Ordinal) && client.HasEnded, "it is answered");
    }

    private static async Task<bool> ListensAsync(int port)
    {
        try
        {
            using var tcp = new TcpClient(AddressFamily.InterNetwork);
            await tcp.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
