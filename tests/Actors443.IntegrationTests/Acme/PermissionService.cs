using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Actors443.IntegrationTests.Acme;

/// <summary>Whoever is asked for which names a certificate may be had.</summary>
internal sealed class PermissionService : IAsyncDisposable
{
    private readonly WebApplication _application;

    private PermissionService(WebApplication application) => _application = application;

    /// <summary>The status that a name is answered with.</summary>
    public Func<string, int> Answer { get; set; } = _ => 200;

    /// <summary>The names asked about.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public string Url => _application.Urls.Single() + "/may?token=x";

    public static async Task<PermissionService> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication application = builder.Build();
        var service = new PermissionService(application);
        application.Run(context =>
        {
            string name = context.Request.Query["domain"].ToString();
            service.Asked.Enqueue(name);
            context.Response.StatusCode = context.Request.Query["token"] == "x" ? service.Answer(name) : 500;
            return Task.CompletedTask;
        });
        await application.StartAsync();
        return service;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
