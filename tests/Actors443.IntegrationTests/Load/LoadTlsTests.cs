using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Server.Load;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Sessions;
using Actors443.Server.Load.Settings;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Load;

/// <summary>What clients ask of TLS, and how failures below HTTP are called.</summary>
[Collection(LoadCollection.Name)]
public sealed class LoadTlsTests : IDisposable
{
    private readonly TestCertificates _authority = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_servers_name_and_chain_are_verified_if_asked()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(_authority);
        var trusted = new ClientTlsSettings { Verify = true, CaFile = Write("ca.pem", _authority.CertificatePem) };
        using var other = new TestCertificates("Another Root");

        Assert.Empty((await RunAsync(target.Address, trusted)).Errors);
        LoadOutcome wrongName = await RunAsync(target.Address, trusted with { ServerName = "example.com" });
        LoadOutcome wrongRoot = await RunAsync(target.Address, trusted with { CaFile = Write("other.pem", other.CertificatePem) });

        Assert.All(wrongName.Errors.Keys, error => Assert.Equal(new LoadError(LoadErrorKind.Tls, "hostname mismatch"), error));
        Assert.NotEmpty(wrongName.Errors);
        Assert.All(wrongRoot.Errors.Keys, error => Assert.Equal(LoadErrorKind.Tls, error.Kind));
        Assert.NotEmpty(wrongRoot.Errors);
    }

    [Fact]
    public async Task A_client_certificate_is_shown()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(_authority, clientCertificates: true);
        TestCertificate client = _authority.IssueClient("load");
        string certificate = Write("client.pem", client.LeafPem);
        string key = Write("client.key", client.KeyPem);

        Assert.Empty((await RunAsync(target.Address, new ClientTlsSettings { ClientCertificate = certificate, ClientKey = key })).Errors);
        Assert.NotEmpty((await RunAsync(target.Address, new ClientTlsSettings())).Errors);
    }

    [Fact]
    public async Task A_version_that_the_server_refuses_is_an_alert_by_name()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(_authority, SslProtocols.Tls12);

        LoadOutcome outcome = await RunAsync(target.Address, new ClientTlsSettings { MinimumVersion = SslProtocols.Tls13 });

        Assert.Equal([new LoadError(LoadErrorKind.TlsAlert, "protocol_version")], outcome.Errors.Keys);
    }

    [Fact]
    public async Task A_kind_of_certificate_that_the_server_does_not_have_fails()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(_authority);

        Assert.Empty((await RunAsync(target.Address, new ClientTlsSettings { CertificateKind = CertificateKind.Ecdsa })).Errors);
        LoadOutcome outcome = await RunAsync(target.Address, new ClientTlsSettings { CertificateKind = CertificateKind.Rsa });

        Assert.Equal([new LoadError(LoadErrorKind.TlsAlert, "handshake_failure")], outcome.Errors.Keys);
    }

    [Fact]
    public async Task Nobody_listening_a_silent_server_and_one_that_resets_are_told_apart()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var resetting = new TcpListener(IPAddress.Loopback, 0);
        resetting.Start();
        Task resets = ResetAllAsync(resetting);
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        Uri nobody = AddressOf(free);
        free.Stop();

        LoadOutcome refused = await RunAsync(nobody, new ClientTlsSettings());
        LoadOutcome stalled = await LoadTarget.LoadAsync(Settings(AddressOf(silent), new ClientTlsSettings()) with { ConnectTimeout = TimeSpan.FromSeconds(0.4) });
        LoadOutcome reset = await RunAsync(AddressOf(resetting), new ClientTlsSettings());
        resetting.Stop();
        await resets;

        Assert.Equal([new LoadError(LoadErrorKind.Refused)], refused.Errors.Keys);
        Assert.Equal([new LoadError(LoadErrorKind.Timeout, "handshake")], stalled.Errors.Keys);
        Assert.Equal([new LoadError(LoadErrorKind.Reset, "handshake")], reset.Errors.Keys);
    }

    [Fact]
    public async Task Files_that_cannot_be_used_are_named_before_anything_runs()
    {
        string text = Write("text.pem", "no certificate");
        var target = new Uri("https://127.0.0.1:1/");

        async Task<string> MessageOf(ClientTlsSettings tls) => (await Assert.ThrowsAsync<LoadException>(() => new LoadRun("test").RunAsync(Settings(target, tls), _ => { }, default))).Message;

        Assert.Contains(text, await MessageOf(new ClientTlsSettings { Verify = true, CaFile = text }), StringComparison.Ordinal);
        Assert.Contains(text, await MessageOf(new ClientTlsSettings { ClientCertificate = text }), StringComparison.Ordinal);
        Assert.Contains("no-such-host.invalid", (await Assert.ThrowsAsync<LoadException>(
            () => new LoadRun("test").RunAsync(Settings(new Uri("https://no-such-host.invalid/"), new ClientTlsSettings()), _ => { }, default))).Message, StringComparison.Ordinal);
    }

    private static LoadSettings Settings(Uri target, ClientTlsSettings tls) => new()
    {
        Target = target,
        Duration = TimeSpan.FromSeconds(1),
        Tls = tls,
        Groups = [new SteadyGroup { Name = "steady", Clients = 2, Rate = 50 }],
    };

    private static Task<LoadOutcome> RunAsync(Uri target, ClientTlsSettings tls) => LoadTarget.LoadAsync(Settings(target, tls));

    private static Uri AddressOf(TcpListener listener) => new($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/");

    private static async Task ResetAllAsync(TcpListener listener)
    {
        while (true)
        {
            try
            {
                using Socket socket = await listener.AcceptSocketAsync();
                // The hello is read first, so that the connection is made before it breaks.
                await socket.ReceiveAsync(new byte[100]);
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
