using System.Diagnostics;
using System.Security.Authentication;
using Actors443.Server.Load;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Load;

/// <summary>Each mode against a real server, with what both sides saw.</summary>
[Collection(LoadCollection.Name)]
public sealed class LoadModesTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1.5);

    private readonly TestCertificates _authority = new();
    private LoadTarget _target = null!;

    public async Task InitializeAsync() => _target = await LoadTarget.StartAsync(_authority);

    public async Task DisposeAsync() => await _target.DisposeAsync();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(nameof(LoadProtocol.Http1), 1)]
    [InlineData(nameof(LoadProtocol.Http2), 8)]
    public async Task Clients_ask_again_and_again_on_their_connections(string protocol, int streams)
    {
        LoadOutcome outcome = await _target.LoadAsync(Short, new SteadyGroup
        {
            Name = "browse",
            Clients = 4,
            Protocol = Enum.Parse<LoadProtocol>(protocol),
            Streams = streams,
            Request = new RequestSettings { Paths = ["/", "/chunked", "/nothing", "/large"] },
        });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 20, $"{outcome.Succeeded} answers");
        Assert.Equal(4, outcome.MostOpen);
        Assert.Equal(4, outcome.Full);
        Assert.Equal(4, _target.Connections);
        // Each fourth answer is a quarter of a mebibyte; a few may be under way.
        Assert.True(outcome.BytesReceived > (outcome.Succeeded / 4 - 40) << 18);
        Assert.Equal(outcome.Succeeded, outcome.Latency!.TotalCount);
        Assert.Equal(4, _target.Asked.Count);
    }

    [Theory]
    [InlineData(nameof(LoadProtocol.Http1))]
    [InlineData(nameof(LoadProtocol.Http2))]
    public async Task A_body_larger_than_the_servers_window_arrives_whole(string protocol)
    {
        const int Length = 3 << 20;
        LoadOutcome outcome = await _target.LoadAsync(Short, new SteadyGroup
        {
            Name = "upload",
            Clients = 2,
            Protocol = Enum.Parse<LoadProtocol>(protocol),
            Streams = 2,
            Request = new RequestSettings { Method = "POST", Paths = ["/upload"], Body = new byte[Length] },
        });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 0);
        Assert.True(_target.Asked["/upload"] >= outcome.Succeeded * Length);
    }

    [SkippableFact]
    public async Task Http3_is_spoken_where_there_is_quic()
    {
        Skip.IfNot(System.Net.Quic.QuicConnection.IsSupported && System.Net.Quic.QuicListener.IsSupported, "There is no libmsquic on this machine.");
        await using LoadTarget target = await LoadTarget.StartAsync(_authority, http3: true);

        LoadOutcome outcome = await target.LoadAsync(Short, new SteadyGroup { Name = "h3", Clients = 2, Streams = 4, Protocol = LoadProtocol.Http3, Request = new RequestSettings { Paths = ["/chunked"] } });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 20);
        Assert.Contains("HTTP/3", target.Protocols);
    }

    [SkippableFact]
    public async Task Without_quic_http3_is_refused_with_what_is_missing()
    {
        Skip.If(System.Net.Quic.QuicConnection.IsSupported, "There is QUIC on this machine.");

        LoadException refused = await Assert.ThrowsAsync<LoadException>(() => _target.LoadAsync(Short, new SteadyGroup { Name = "h3", Protocol = LoadProtocol.Http3 }));

        Assert.Contains("libmsquic", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_closes_after_each_answer_gets_new_connections()
    {
        LoadOutcome outcome = await _target.LoadAsync(Short, new SteadyGroup { Name = "last", Clients = 2, Request = new RequestSettings { Paths = ["/last"] } });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 2);
        Assert.InRange(outcome.Full + outcome.Resumed, outcome.Succeeded, outcome.Succeeded + 2);
    }

    [Fact]
    public async Task Latency_at_a_rate_counts_from_when_a_request_was_due()
    {
        // One connection, 100 requests a second, a pause of 400 ms twice a second: some 40 requests of each pause are due while it lasts.
        LoadOutcome outcome = await _target.LoadAsync(TimeSpan.FromSeconds(2.2), new SteadyGroup
        {
            Name = "open",
            Clients = 1,
            Rate = 100,
            Request = new RequestSettings { Paths = ["/hiccup"] },
        });

        Assert.Empty(outcome.Errors);
        Assert.InRange(outcome.Succeeded, 100, 225);
        // Counted from when they were sent, only 1 in 50 would be slow.
        Assert.True(outcome.Latency!.GetValueAtPercentile(75) > 50_000, $"p75 {outcome.Latency.GetValueAtPercentile(75)} us");
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Handshakes_resume_in_the_share_that_was_asked(SslProtocols version)
    {
        LoadOutcome outcome = await _target.LoadAsync(Short, new HandshakesGroup { Name = "mix", Clients = 4, Resumed = 0.5, Version = version });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 20);
        Assert.InRange(outcome.Resumed / (double)(outcome.Full + outcome.Resumed), 0.3, 0.55);
    }

    [Fact]
    public async Task Handshakes_come_at_their_rate_and_need_no_request()
    {
        LoadOutcome outcome = await _target.LoadAsync(TimeSpan.FromSeconds(2), new HandshakesGroup { Name = "rate", Clients = 10, Rate = 50, WithRequest = false });

        Assert.Empty(outcome.Errors);
        Assert.InRange(outcome.Full, 80, 102);
        Assert.Empty(_target.Asked);
    }

    [Fact]
    public async Task Held_sessions_stay_open_and_beat()
    {
        LoadOutcome outcome = await _target.LoadAsync(TimeSpan.FromSeconds(3), new HoldGroup
        {
            Name = "hold",
            Sessions = 100,
            Ramp = TimeSpan.FromSeconds(1),
            Heartbeat = TimeSpan.FromSeconds(1),
            Request = new RequestSettings { Paths = ["/beat"] },
        });

        Assert.Empty(outcome.Errors);
        Assert.Equal(100, outcome.MostOpen);
        Assert.Equal(100, _target.Connections);
        Assert.InRange(outcome.Succeeded, 100, 300);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_storm_brings_every_session_back_and_says_how_long_it_took(bool reset)
    {
        var steady = new SteadyGroup { Name = "beside", Clients = 1, Rate = 10 };
        long start = Stopwatch.GetTimestamp();
        LoadOutcome outcome = await _target.LoadAsync(TimeSpan.FromSeconds(5), steady, new StormGroup
        {
            Name = "storm",
            Sessions = 50,
            Ramp = TimeSpan.FromSeconds(0.3),
            Calm = TimeSpan.FromSeconds(0.5),
            Storms = 2,
            Reset = reset,
        });
        double took = Stopwatch.GetElapsedTime(start).TotalSeconds;

        Assert.Empty(outcome.Errors);
        Assert.Equal(2, outcome.Marks.Count);
        Assert.All(outcome.Marks, mark => Assert.InRange(mark.Seconds!.Value, 0, 3));
        Assert.Equal(151, _target.Connections);
        // No interval is lost or counted twice.
        Assert.All(outcome.Covered.Values, seconds => Assert.InRange(seconds, 4.9, took));
        Assert.Equal(100, outcome.Resumed);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000)]
    [InlineData(100_000)]
    public async Task Web_socket_messages_come_back(int size)
    {
        LoadOutcome outcome = await _target.LoadAsync(Short, new WebSocketGroup { Name = "echo", Clients = 3, Size = size, Request = new RequestSettings { Paths = ["/socket"] } });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 20);
        Assert.True(outcome.BytesReceived >= outcome.Succeeded * size);
    }

    [Fact]
    public async Task Web_socket_messages_are_sent_at_their_rate_or_only_received()
    {
        LoadOutcome outcome = await _target.LoadAsync(
            TimeSpan.FromSeconds(2.5),
            new WebSocketGroup { Name = "rate", Clients = 5, Rate = 4, Request = new RequestSettings { Paths = ["/socket"] } },
            new WebSocketGroup { Name = "push", Clients = 2, Push = true, Request = new RequestSettings { Paths = ["/push"] } });

        Assert.Empty(outcome.Errors);
        Assert.InRange(outcome.Succeeded, 30, 51);
        Assert.True(outcome.Events > 20);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Queries_go_to_a_resolver_over_https(bool get)
    {
        LoadOutcome outcome = await _target.LoadAsync(Short, new DohGroup { Name = "doh", Clients = 2, Streams = 4, Get = get, Queries = ["example.com", "example.org AAAA"] });

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 50);
        Assert.Equal(get ? 0 : 29, _target.Asked["/dns-query"] / Math.Max(1, outcome.Succeeded));
    }

    [Fact]
    public async Task Groups_have_their_own_time()
    {
        LoadOutcome outcome = await _target.LoadAsync(
            TimeSpan.FromSeconds(2),
            new SteadyGroup { Name = "first", Clients = 1, Rate = 100, Duration = TimeSpan.FromSeconds(1), Request = new RequestSettings { Paths = ["/first"] } },
            new SteadyGroup { Name = "second", Clients = 1, Rate = 100, Start = TimeSpan.FromSeconds(1), Request = new RequestSettings { Paths = ["/second"] } });

        Assert.Empty(outcome.Errors);
        Assert.InRange(outcome.Succeeded, 150, 205);
        Assert.Equal(2, _target.Connections);
    }

    [Fact]
    public async Task A_run_can_be_ended_early()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        LoadOutcome outcome = await LoadTarget.LoadAsync(
            new LoadSettings { Target = _target.Address, Duration = TimeSpan.FromHours(1), Loops = 2, Groups = [new SteadyGroup { Name = "long", Clients = 4 }] }, stop: stop.Token);

        Assert.Empty(outcome.Errors);
        Assert.True(outcome.Succeeded > 0);
    }

    [Fact]
    public async Task Errors_are_called_by_their_names()
    {
        LoadOutcome outcome = await LoadTarget.LoadAsync(new LoadSettings
        {
            Target = _target.Address,
            Duration = Short,
            RequestTimeout = TimeSpan.FromSeconds(0.5),
            Groups =
            [
                new SteadyGroup { Name = "status", Clients = 1, Rate = 10, Request = new RequestSettings { Paths = ["/unavailable"] } },
                new SteadyGroup { Name = "cut", Clients = 1, Rate = 10, Request = new RequestSettings { Paths = ["/cut"] } },
                new SteadyGroup { Name = "never", Clients = 1, Rate = 10, Request = new RequestSettings { Paths = ["/never"] } },
                new WebSocketGroup { Name = "no socket", Clients = 1, Request = new RequestSettings { Paths = ["/unavailable"] } },
            ],
        });

        Assert.Contains(new LoadError(LoadErrorKind.HttpStatus, "503"), outcome.Errors.Keys);
        Assert.Contains(new LoadError(LoadErrorKind.Timeout, "headers"), outcome.Errors.Keys);
        Assert.Contains(outcome.Errors.Keys, error => error is { Kind: LoadErrorKind.Closed or LoadErrorKind.Reset, Detail: "body" });
    }
}
