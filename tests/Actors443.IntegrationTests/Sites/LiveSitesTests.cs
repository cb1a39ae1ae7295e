using System.Net;
using Actors443.Server.Sites;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.Sites;

public sealed class LiveSitesTests
{
    [Fact]
    public async Task Requests_in_flight_finish_by_the_sites_they_began_with()
    {
        var go = new TaskCompletionSource();
        await using Upstream former = await Upstream.StartAsync(async context =>
        {
            await go.Task;
            await context.Response.WriteAsync("former");
        });
        await using Upstream latter = await Upstream.StartAsync(context => context.Response.WriteAsync("latter"));
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(former));
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        Task<string>[] waiting = [.. Enumerable.Range(0, 50).Select(_ => client.GetStringAsync("/"))];
        await Eventually.HoldsAsync(() => former.Requests == 50, "all 50 are with the former upstream");

        await host.ApplyAsync(ProxyTests.Route(latter));
        Assert.Equal("latter", await client.GetStringAsync("/"));
        go.SetResult();

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal("former", answer));
    }

    [Fact]
    public async Task No_request_is_lost_while_sites_change_again_and_again()
    {
        await using Upstream first = await Upstream.StartAsync(context => context.Response.WriteAsync("proxied"));
        await using Upstream second = await Upstream.StartAsync(context => context.Response.WriteAsync("proxied"));
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(first));
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        using var stop = new CancellationTokenSource();
        int answered = 0;
        Task load = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using HttpResponseMessage answer = await client.FetchAsync("/");
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal("proxied", await answer.Content.ReadAsStringAsync());
                Interlocked.Increment(ref answered);
            }
        })));

        for (int i = 0; i < 60 && !load.IsCompleted; i++)
            await host.ApplyAsync(ProxyTests.Route(i % 2 == 0 ? second : first));
        await Eventually.HoldsAsync(() => Volatile.Read(ref answered) > 500 || load.IsCompleted, "there was some load");
        await stop.CancelAsync();
        await load;
    }

    [Fact]
    public async Task A_route_that_does_not_change_keeps_its_connections()
    {
        await using Upstream upstream = await Upstream.StartAsync(context => context.Response.WriteAsync("x"));
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));
        using HttpClient client = host.CreateClient();
        await client.GetStringAsync("/");

        for (int i = 0; i < 5; i++)
        {
            await host.ApplyAsync(new RespondRoute($"/added-{i}", 200, "text/plain", "new"), ProxyTests.Route(upstream));
            Assert.Equal("new", await client.GetStringAsync($"/added-{i}"));
            Assert.Equal("x", await client.GetStringAsync("/"));
        }

        Assert.Equal(1, upstream.Connections);
    }

    [Fact]
    public async Task Sites_that_cannot_be_built_leave_the_former_ones_serving()
    {
        await using Upstream upstream = await Upstream.StartAsync(context => context.Response.WriteAsync("x"));
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));
        using HttpClient client = host.CreateClient();
        Assert.Equal("x", await client.GetStringAsync("/"));

        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => host.ApplyAsync(new FilesRoute("/*", "/nowhere/at/all"), new ProxyRoute("/other/*", [upstream.Address])));

        Assert.Equal("x", await client.GetStringAsync("/"));
        Assert.Equal(1, upstream.Connections);
    }
}
