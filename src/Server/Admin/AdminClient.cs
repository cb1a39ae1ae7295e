using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Actors443.Configuration.Reading;
using Actors443.Connections.History;
using Actors443.Identities;
using Actors443.Server.Admin.Access;
using Actors443.Server.Applying;
using Actors443.Server.Applying.Planning;
using Actors443.Server.Configuration;

namespace Actors443.Server.Admin;

/// <summary>Asks the admin API of the server that runs with the same settings on this machine. Not thread-safe.</summary>
internal sealed class AdminClient : IDisposable
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly IPEndPoint _endPoint;
    private readonly string _tokenFile;
    private readonly string? _token;

    private AdminClient(IPEndPoint endPoint, string tokenFile, string? token, string? socket = null)
    {
        _endPoint = endPoint;
        _tokenFile = tokenFile;
        _token = token;
        // A proxy of the environment is never meant for a loopback address.
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        if (socket is not null)
            handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(socket, context.DnsEndPoint, cancellationToken);
        _http = new HttpClient(handler) { BaseAddress = new Uri($"http://{endPoint}/api/v1/"), Timeout = AnswerWithin };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>How long an answer is waited for; set before the first question.</summary>
    public TimeSpan Patience
    {
        get => _http.Timeout;
        set => _http.Timeout = value;
    }

    /// <summary>The dashboard with the token, which no server is sent from there.</summary>
    public string Dashboard => $"http://{_endPoint}/#token={Uri.EscapeDataString(_token ?? "")}";

    /// <summary>For the server that runs with these settings. Connects to nothing yet.</summary>
    /// <exception cref="AdminException">The admin server is switched off, or its token cannot be read.</exception>
    public static AdminClient For(ServerSettings settings)
    {
        if (!settings.Admin.Enabled)
            throw new AdminException("the configuration switches the admin server off; set actors443.admin.enabled = on and restart the server");
        string tokenFile = AdminToken.PathFor(settings);
        string? socket = AdminSocket.PathFor(settings) is { } path && File.Exists(path) ? path : null;
        if (settings.Admin.Tls is not null && socket is null)
            throw new AdminException("the admin server asks for client certificates, and there is no Unix socket to ask it by; run this on its machine, as the user it runs as, with actors443.admin.unix-socket as the server has it");
        try
        {
            // Without a token file there is most likely no server either, which is what the first request finds out.
            return new AdminClient(settings.Admin.Bind, tokenFile, File.Exists(tokenFile) ? AdminToken.Read(tokenFile).Text : null, socket);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new AdminException($"cannot read the admin token {tokenFile}: {cause.Message} Run this as the user the server runs as", cause);
        }
    }

    /// <summary>For a server whose address and token are known.</summary>
    /// <exception cref="AdminException">The token cannot be read.</exception>
    public static AdminClient At(IPEndPoint endPoint, string tokenFile)
    {
        try
        {
            return new AdminClient(endPoint, tokenFile, AdminToken.Read(tokenFile).Text);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new AdminException($"cannot read the admin token {tokenFile}: {cause.Message} Name the server's token file", cause);
        }
    }

    public Task<ConnectionPage> ListConnectionsAsync(ConnectionQuery query, CancellationToken cancellationToken) =>
        GetAsync<ConnectionPage>("connections" + query.ToQueryString(), cancellationToken);

    /// <exception cref="AdminException">The filter cannot be understood, or nobody answers.</exception>
    public Task<ConnectionsActedOn> ActOnConnectionsAsync(string action, string where, string? text, CancellationToken cancellationToken) =>
        SendAsync<ConnectionsActedOn>(HttpMethod.Post, $"connections/{action}{QueryString.Create("where", where)}", cancellationToken, text is null ? null : new StringContent(text));

    public Task<ConnectionHistory> HistoryAsync(HistoryQuery query, CancellationToken cancellationToken) =>
        GetAsync<ConnectionHistory>("history" + query.ToQueryString(), cancellationToken);

    /// <exception cref="RefusedConfigurationException">The configuration is bad.</exception>
    /// <exception cref="AdminException">Nobody answers.</exception>
    public Task<PlanReport> PlanAsync(ConfigurationCandidate candidate, CancellationToken cancellationToken) =>
        SendAsync<PlanReport>(HttpMethod.Post, "configuration/plan", cancellationToken, JsonOf(candidate));

    /// <param name="plan">What is applied is refused unless it is what this plan was made of, and what it was made against still runs.</param>
    /// <param name="candidate">The files.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="RefusedConfigurationException">The configuration is bad, or could not be put in force.</exception>
    /// <exception cref="AdminException">It is not the one planned, another runs by now, or nobody answers.</exception>
    public Task<AppliedReport> ApplyAsync(string plan, ConfigurationCandidate candidate, CancellationToken cancellationToken)
    {
        int dot = plan.LastIndexOf('.');
        return SendAsync<AppliedReport>(HttpMethod.Put, $"configuration{QueryString.Create("planned", plan[(dot + 1)..])}", cancellationToken, JsonOf(candidate), version: plan[..Math.Max(0, dot)]);
    }

    /// <exception cref="RefusedConfigurationException">A node refuses it; the problems name the nodes.</exception>
    /// <exception cref="AdminException">The server is in no cluster, or nobody answers.</exception>
    public Task<ClusterPushReport> PushAsync(ConfigurationCandidate candidate, CancellationToken cancellationToken) =>
        SendAsync<ClusterPushReport>(HttpMethod.Put, "cluster/configuration", cancellationToken, JsonOf(candidate));

    public Task<ClusterConfigurationReport> GenerationAsync(CancellationToken cancellationToken) => GetAsync<ClusterConfigurationReport>("cluster/configuration", cancellationToken);

    public Task<ClusterNodeReport[]> ListNodesAsync(CancellationToken cancellationToken) => GetAsync<ClusterNodeReport[]>("cluster", cancellationToken);

    public Task<CertificateListing> ListCertificatesAsync(CancellationToken cancellationToken) => GetAsync<CertificateListing>("certificates", cancellationToken);

    public Task<RenewalReport> RenewCertificateAsync(string name, CancellationToken cancellationToken) =>
        SendAsync<RenewalReport>(HttpMethod.Post, $"certificates/{Uri.EscapeDataString(name)}/renew", cancellationToken);

    public Task<StoryReport> ExplainCertificateAsync(string name, CancellationToken cancellationToken) =>
        GetAsync<StoryReport>($"certificates/{Uri.EscapeDataString(name)}/story", cancellationToken);

    public Task<TunnelReport[]> ListTunnelsAsync(CancellationToken cancellationToken) => GetAsync<TunnelReport[]>("tunnels", cancellationToken);

    /// <exception cref="AdminException">There is no such tunnel, or nobody answers.</exception>
    public Task KillTunnelAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"tunnels/{Uri.EscapeDataString(id)}", static (_, _) => Task.FromResult(true), cancellationToken);

    public Task<RevokedReport[]> ListRevokedAsync(CancellationToken cancellationToken) => GetAsync<RevokedReport[]>("revoked", cancellationToken);

    /// <exception cref="AdminException">There are too many, or nobody answers.</exception>
    public Task<RevocationReport> RevokeAsync(Identity identity, string? reason, CancellationToken cancellationToken) =>
        SendAsync<RevocationReport>(HttpMethod.Post, "revoked" + QueryOf(identity) + (reason is null ? "" : "&reason=" + Uri.EscapeDataString(reason)), cancellationToken);

    /// <exception cref="AdminException">It is not revoked, or nobody answers.</exception>
    public Task<RevocationReport> UndoRevocationAsync(Identity identity, CancellationToken cancellationToken) =>
        SendAsync<RevocationReport>(HttpMethod.Delete, "revoked" + QueryOf(identity), cancellationToken);

    /// <summary>Completes when another process serves.</summary>
    /// <exception cref="AdminException">The server cannot be replaced, or nobody answers.</exception>
    public Task<UpgradeReport> UpgradeAsync(CancellationToken cancellationToken) => SendAsync<UpgradeReport>(HttpMethod.Post, "upgrade", cancellationToken);

    public Task<ServerStatus> StatusAsync(CancellationToken cancellationToken) => GetAsync<ServerStatus>("status", cancellationToken);

    public void Dispose() => _http.Dispose();

    private static string QueryOf(Identity identity) => $"?kind={SettingsValueTypes.NameOf(identity.Kind)}&id={Uri.EscapeDataString(identity.Id)}";

    // A socket that nobody listens on, or that is somebody else's, is no reason not to try the token.
    private static async ValueTask<Stream> ConnectAsync(string path, DnsEndPoint otherwise, CancellationToken cancellationToken)
    {
        if (await AdminSocket.TryConnectAsync(path, cancellationToken) is { } local)
            return new NetworkStream(local, ownsSocket: true);
        var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await tcp.ConnectAsync(otherwise, cancellationToken);
            return new NetworkStream(tcp, ownsSocket: true);
        }
        catch
        {
            tcp.Dispose();
            throw;
        }
    }

    private Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) => SendAsync<T>(HttpMethod.Get, path, cancellationToken);

    private static StringContent JsonOf<T>(T body) => new(JsonSerializer.Serialize(body, AdminJson.Options), System.Text.Encoding.UTF8, "application/json");

    private Task<T> SendAsync<T>(HttpMethod method, string path, CancellationToken cancellationToken, HttpContent? body = null, string? version = null) =>
        SendAsync(
            method,
            path,
            static async (response, cancellationToken) => await response.Content.ReadFromJsonAsync<T>(AdminJson.Options, cancellationToken) ?? throw new JsonException("an empty answer"),
            cancellationToken,
            body,
            version);

    private async Task<T> SendAsync<T>(
        HttpMethod method, string path, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken, HttpContent? body = null, string? version = null)
    {
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body };
            if (version is not null)
                request.Headers.IfMatch.Add(new EntityTagHeaderValue($"\"{version}\""));
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw await ExplainAsync(response, cancellationToken);
            return await read(response, cancellationToken);
        }
        catch (HttpRequestException cause) when (cause.InnerException is SocketException)
        {
            throw new NoServerException(_endPoint, cause);
        }
        catch (HttpRequestException cause)
        {
            throw new AdminException($"{_endPoint} is no admin server of actors443: {cause.Message}", cause);
        }
        catch (JsonException cause)
        {
            throw new AdminException($"{_endPoint} is no admin server of this version of actors443: {cause.Message}", cause);
        }
        catch (TaskCanceledException cause) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AdminException($"the server on {_endPoint} did not answer within {Patience.TotalSeconds:0} s", cause);
        }
    }

    private async Task<AdminException> ExplainAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return new AdminException(_http.DefaultRequestHeaders.Authorization is null
                ? $"a server answers on {_endPoint}, but there is no token {_tokenFile}: run this as the user the server runs as, with the configuration files it runs with"
                : $"the server on {_endPoint} does not accept the token of {_tokenFile}: it runs with another state directory; name the configuration files it runs with");
        }

        if (response.Content.Headers.ContentType?.MediaType != "application/json")
            return new AdminException($"{_endPoint} is no admin server of actors443 (it answered {(int)response.StatusCode}); set actors443.admin.bind as the server has it");
        AdminError? error = await response.Content.ReadFromJsonAsync<AdminError>(AdminJson.Options, cancellationToken);
        string message = $"the server on {_endPoint} answered {(int)response.StatusCode}: {error?.Error}";
        return error?.Problems is { } problems ? new RefusedConfigurationException(message, problems) : new AdminException(message);
    }
}
