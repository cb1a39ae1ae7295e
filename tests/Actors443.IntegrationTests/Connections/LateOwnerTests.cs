using System.Net;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.Dialing;
using Actors443.Engine.Portable;
using Actors443.IntegrationTests.Engine;
using Akka.Actor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Connections;

/// <summary>A supervisor that has much to do takes a connection over when its first request is there already. On a loop it cannot be late: the loop is one thread.</summary>
public sealed class LateOwnerTests
{
    [Fact]
    public async Task No_request_begins_before_its_connection_has_an_actor()
    {
        await using EngineHost host = await EngineHost.StartAsync(
            EngineKind.Portable,
            map: application => application.MapGet("/owner", (HttpContext context) => context.Features.Get<IActorConnectionFeature>()!.Actor.IsNobody()),
            services: services => services.AddSingleton<PortableEngine>().AddSingleton<IConnectionEngine>(provider => new LateEngine(provider.GetRequiredService<PortableEngine>())));
        using HttpClient client = host.CreateClient(HttpVersion.Version11);

        Assert.Equal("false", await client.GetStringAsync("owner"));
    }

    private sealed class LateEngine(IConnectionEngine engine) : IConnectionEngine
    {
        public string Name => engine.Name;

        public IReadOnlyList<ActorPlace> Places => engine.Places;

        public Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken) =>
            engine.ListenAsync(request with { Tls = request.Tls! with { Owners = new LateOwners(request.Tls.Owners) } }, cancellationToken);

        public Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken) => engine.DialAsync(request, cancellationToken);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }

    private sealed class LateOwners(IConnectionOwners owners) : IConnectionOwners
    {
        public async void Accepted(EngineConnection connection)
        {
            // For good measure: a request that is not held back has begun by then.
            using var late = new PeriodicTimer(TimeSpan.FromSeconds(1));
            while (await late.WaitForNextTickAsync())
            {
                if (connection.Stage != ConnectionState.Open)
                    continue;
                owners.Accepted(connection);
                return;
            }
        }
    }
}
