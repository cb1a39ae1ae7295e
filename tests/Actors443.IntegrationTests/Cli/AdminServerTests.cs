using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Actors443.Connections;
using Actors443.Listening.Handover;
using Actors443.Server.Admin;
using Actors443.Server.Admin.Audit;
using Actors443.Supervision;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.IntegrationTests.Cli;

public class AdminServerTests
{
    [Fact]
    public async Task Health_and_readiness_are_open_and_readiness_names_its_reasons()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        Assert.Equal("ok\n", await admin.Anonymous.GetStringAsync("/healthz"));
        Assert.Equal(HttpStatusCode.OK, (await admin.Anonymous.GetAsync("/readyz")).StatusCode);

        admin.Control.Readiness = new ServerReadiness([ReadinessProblem.Draining, ReadinessProblem.NoValidCertificate]);
        using HttpResponseMessage notReady = await admin.Anonymous.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, notReady.StatusCode);
        using JsonDocument json = JsonDocument.Parse(await notReady.Content.ReadAsStringAsync());
        Assert.False(json.RootElement.GetProperty("ready").GetBoolean());
        Assert.Equal(["drain", "certificates"], json.RootElement.GetProperty("problems").EnumerateArray().Select(problem => problem.GetProperty("check").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await admin.Anonymous.GetAsync("/healthz")).StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api/v1/status")]
    [InlineData("GET", "/api/v1/connections")]
    [InlineData("GET", "/API/V1/certificates")]
    [InlineData("GET", "/api/v1/admission")]
    [InlineData("GET", "/api/v1/events")]
    [InlineData("GET", "/api/v1/openapi.json")]
    [InlineData("GET", "/api/v1/sites")]
    [InlineData("GET", "/api/v1/actors")]
    [InlineData("DELETE", "/api/v1/connections/c-1")]
    [InlineData("POST", "/api/v1/drain")]
    [InlineData("GET", "/api/nothing")]
    public async Task The_api_answers_nobody_without_the_token(string method, string path)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1"));

        foreach (AuthenticationHeaderValue? authorization in (AuthenticationHeaderValue?[])[null, new("Bearer", admin.Token.Text + "x"), new("Bearer", ""), new("Basic", admin.Token.Text)])
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Headers.Authorization = authorization;
            using HttpResponseMessage response = await admin.Anonymous.SendAsync(request);

            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
        }

        Assert.Empty(admin.Control.Closed);
        Assert.Equal(0, admin.Control.Drains);
    }

    [Theory]
    [InlineData("/healthz", "200")]
    [InlineData("/readyz", "200")]
    [InlineData("/api/v1/status", "421")]
    public async Task A_load_balancer_that_names_no_host_is_told_of_health_and_nothing_else(string path, string expected)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(admin.EndPoint);
        using var reader = new StreamReader(client.GetStream());

        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\n\r\n"));

        Assert.Contains($" {expected} ", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("attacker.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost.attacker.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("192.0.2.1:9443", HttpStatusCode.MisdirectedRequest)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:1", HttpStatusCode.OK)]
    [InlineData("127.8.9.10", HttpStatusCode.OK)]
    [InlineData("[::1]:9443", HttpStatusCode.OK)]
    public async Task A_host_that_is_not_loopback_is_refused_even_with_the_token(string host, HttpStatusCode expected)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        foreach (string path in (string[])["/healthz", "/api/v1/status"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
            using HttpResponseMessage response = await admin.Authorized.SendAsync(request);

            Assert.Equal(expected, response.StatusCode);
        }
    }

    [Fact]
    public async Task Connections_are_listed_as_filtered_with_all_that_is_known_of_them()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.AddRange(
        [
            FakeServerControl.Connection("c-1", age: 1),
            FakeServerControl.Connection("c-2", ConnectionState.HelloRead, name: null, age: 2),
            FakeServerControl.Connection("c-3", age: 3),
        ]);

        using JsonDocument json = JsonDocument.Parse(await admin.Authorized.GetStringAsync("/api/v1/connections?state=open&limit=1"));

        Assert.Equal((3, 2), (json.RootElement.GetProperty("total").GetInt32(), json.RootElement.GetProperty("matched").GetInt32()));
        Assert.Equal(
            """{"id":"c-3","listener":"https-443","state":"open","remote":"[::1]:50000","ageSeconds":3,"idleSeconds":0,"serverName":"localhost","applicationProtocol":"h2","tlsVersion":"1.3","cipherSuite":"TLS_AES_256_GCM_SHA384","resumed":true,"requests":3,"requestsInFlight":1,"bytesRead":2048,"bytesWritten":4096}""",
            Assert.Single(json.RootElement.GetProperty("connections").EnumerateArray()).GetRawText());
    }

    [Theory]
    [InlineData("connections?sort=colour", "age, requests, bytes")]
    [InlineData("history?of=no body", "neither an address")]
    [InlineData("history?limit=many", "number from 1 to 1000")]
    [InlineData("history?client=192.0.2.1", "there are of and limit")]
    public async Task A_bad_filter_gets_400_and_a_sentence(string query, string expected)
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using HttpResponseMessage response = await admin.Authorized.GetAsync($"/api/v1/{query}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, await ErrorAsync(response), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_is_closed_once()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1"));

        using HttpResponseMessage first = await admin.Authorized.DeleteAsync("/api/v1/connections/c-1");
        using HttpResponseMessage second = await admin.Authorized.DeleteAsync("/api/v1/connections/c-1");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (first.StatusCode, second.StatusCode));
        Assert.Equal(["c-1"], admin.Control.Closed);
    }

    [Fact]
    public async Task Drain_begins_the_stop_and_takes_a_post()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        using HttpResponseMessage read = await admin.Authorized.GetAsync("/api/v1/drain");
        using HttpResponseMessage response = await admin.Authorized.PostAsync("/api/v1/drain", null);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, read.StatusCode);
        Assert.Equal("/api/v1/drain takes POST, not GET", await ErrorAsync(read));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(1, admin.Control.Drains);
    }

    [Fact]
    public async Task Status_admission_and_certificates_are_told()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        string status = await admin.Authorized.GetStringAsync("/api/v1/status");
        string admission = await admin.Authorized.GetStringAsync("/api/v1/admission");
        string certificates = await admin.Authorized.GetStringAsync("/api/v1/certificates");

        Assert.Contains("\"mode\":\"shedding\"", status, StringComparison.Ordinal);
        Assert.Contains("\"endPoints\":[\"[::]:8443\"]", status, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"cpu\",\"value\":0.99", admission, StringComparison.Ordinal);
        Assert.Contains("\"names\":[\"live.example\"]", certificates, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_is_a_503_and_a_failure_hides_its_cause()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();

        admin.Control.Failure = new TimeoutException();
        using HttpResponseMessage late = await admin.Authorized.GetAsync("/api/v1/status");
        admin.Control.Failure = new InvalidOperationException("secret");
        using HttpResponseMessage failed = await admin.Authorized.GetAsync("/api/v1/status");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.InternalServerError), (late.StatusCode, failed.StatusCode));
        Assert.DoesNotContain("secret", await failed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_that_says_what_to_do()
    {
        await using AdminFixture first = await AdminFixture.StartAsync();
        using var audit = new AuditLog(first.Settings, TimeProvider.System, NullLoggerFactory.Instance);

        AdminException refused = await Assert.ThrowsAsync<AdminException>(() =>
            AdminServer.StartAsync(first.Settings, new FakeServerControl(), null, new ListeningSockets(new InheritedSockets([])), audit, NullLoggerFactory.Instance, CancellationToken.None));

        Assert.Contains($"cannot listen on {first.EndPoint}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("actors443.admin.bind", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task After_it_is_disposed_nobody_listens()
    {
        AdminFixture admin = await AdminFixture.StartAsync();
        await admin.DisposeAsync();

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(admin.EndPoint));
    }

    private static async Task<string> ErrorAsync(HttpResponseMessage response)
    {
        using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("error").GetString()!;
    }
}
