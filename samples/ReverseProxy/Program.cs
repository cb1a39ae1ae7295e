using Actors443.Hosting;
using Akka.Hosting;

WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddAkka("proxy", akka => akka.WithActors443(options =>
{
    // dotnet run --project samples/ReverseProxy -- --actors443:https.bind=127.0.0.1:8443
    foreach (IConfigurationSection setting in builder.Configuration.GetSection("actors443").GetChildren())
        options.Set(setting.Key, setting.Value!);
}));
builder.WebHost.UseActors443();
// Routes and clusters are YARP's own, from appsettings.json: nothing in it knows on which server it runs.
builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"));

WebApplication app = builder.Build();
app.MapReverseProxy();
app.Run();
