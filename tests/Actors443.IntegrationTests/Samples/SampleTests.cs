using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Samples;

/// <summary>Each sample, started as its README says.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task Chat_tells_all_what_one_says_and_those_who_come_later_what_was_said()
    {
        await using SampleProcess chat = await SampleProcess.StartAsync("Chat");
        using HttpClient http = chat.CreateClient();
        Assert.Contains("<title>Chat</title>", await http.GetStringAsync(""), StringComparison.Ordinal);

        using ChatClient alice = await ChatClient.EnterAsync(chat, "alice");
        using ChatClient bob = await ChatClient.EnterAsync(chat, "bob");
        Assert.Equal("bob has come; there are 2 here now.", await alice.HearAsync(from: "", like: "bob"));
        await alice.SayAsync("hello, bob");

        Assert.Equal("hello, bob", await bob.HearAsync(from: "alice"));
        Assert.Equal("hello, bob", await alice.HearAsync(from: "alice"));
        using ChatClient carol = await ChatClient.EnterAsync(chat, "carol");
        Assert.Equal("hello, bob", await carol.HearAsync(from: "alice"));
        await bob.LeaveAsync();
        Assert.Equal("bob has gone; there are 2 here now.", await carol.HearAsync(from: "", like: "gone"));
    }

    [Fact]
    public async Task ReverseProxy_passes_on_what_it_is_asked_and_says_so_when_nobody_is_behind()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        await using WebApplication backend = builder.Build();
        backend.Urls.Add("http://127.0.0.1:0");
        backend.MapGet("/orders/{id}", (string id, HttpContext context) => $"order {id} for {context.Request.Headers["X-Forwarded-Proto"]}");
        await backend.StartAsync();
        string address = backend.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        await using SampleProcess proxy = await SampleProcess.StartAsync("ReverseProxy", $"--ReverseProxy:Clusters:backend:Destinations:one:Address={address}");
        using HttpClient http = proxy.CreateClient();

        Assert.Equal("order 7 for https", await http.GetStringAsync("orders/7"));
        await backend.StopAsync();
        using HttpResponseMessage alone = await http.GetAsync("orders/7");
        Assert.Equal(502, (int)alone.StatusCode);
    }
}
