using System.Net;
using Actors443.Configuration;
using Actors443.Hosting;
using Akka.Hosting;

var settings = new Actors443Settings
{
    StateDirectory = "/tmp/a443state",
    Https = new HttpsSettings { Bind = [new IPEndPoint(IPAddress.IPv6Any, 8443)], BindIsExplicit = true },
    Http = new HttpSettings { Bind = [new IPEndPoint(IPAddress.IPv6Any, 8080)], BindIsExplicit = true },
};
var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddActors443(settings);
builder.Services.AddAkka("actors443", akka => akka.WithActors443(settings));
builder.WebHost.UseActors443();
var app = builder.Build();
app.MapGet("/", () => "Hello, World!");
app.Run();
return 0;
