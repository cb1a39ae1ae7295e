using System.IO.Compression;
using System.Xml.Linq;
using Actors443.Testing;

namespace Actors443.Tests.Packaging;

/// <summary>The package <c>Actors443</c> as a user has it: packed, looked into, and served with by a new project.</summary>
public sealed class PackageTests
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk.Web">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <Nullable>enable</Nullable>
            <ImplicitUsings>enable</ImplicitUsings>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Actors443" Version="VERSION" />
          </ItemGroup>
        </Project>
        """;

    private const string Program = """
        using Actors443.Hosting;
        using Actors443.Requests;
        using Akka.Actor;
        using Akka.Hosting;

        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddAkka("packaged", akka => akka
            .WithActors443(o => o.Bind("127.0.0.1:0").Set("http.enabled", "off").Set("state-directory", args[0]))
            .WithActors((system, registry) => registry.Register<Greeter>(system.ActorOf(Props.Create<Greeter>()))));
        builder.WebHost.UseActors443();
        var app = builder.Build();
        app.MapActor<Greeter>("/hello/{name}");
        await app.StartAsync();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null } });
        Console.WriteLine(await client.GetStringAsync(app.Urls.Single() + "/hello/package"));
        await app.StopAsync();

        class Greeter : ReceiveActor
        {
            public Greeter() => Receive<ActorRequest>(request => Sender.Tell(ActorReply.Text($"Hello, {request.Route["name"]}: {request.Connection.Path.Elements[1]} over {request.Scheme}")));
        }
        """;

    [Fact]
    public async Task The_package_has_all_there_is_to_have_and_a_new_project_serves_with_it()
    {
        using var folder = new TemporaryFolder();
        // A version of its own, or a package of an earlier run would be taken from the machine's cache.
        string version = $"0.0.0-test.{Guid.NewGuid():N}";
        try
        {
            string configuration = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;
            await DotnetAsync("pack", Path.Combine(Repository.Folder, "src/Actors"), "-c", configuration, "--no-build", "-o", Path.Combine(folder.Path, "feed"), $"-p:PackageVersion={version}");
            LookInto(Path.Combine(folder.Path, "feed", $"Actors443.{version}.nupkg"));
            using (ZipArchive symbols = ZipFile.OpenRead(Path.Combine(folder.Path, "feed", $"Actors443.{version}.snupkg")))
                Assert.True(symbols.GetEntry("lib/net10.0/Actors443.pdb")!.Length > 100_000);

            folder.Write("app/nuget.config", """<configuration><packageSources><add key="packed" value="../feed" /></packageSources></configuration>""");
            folder.Write("app/App.csproj", Project.Replace("VERSION", version, StringComparison.Ordinal));
            folder.Write("app/Program.cs", Program);
            await DotnetAsync("build", Path.Combine(folder.Path, "app"), "-o", Path.Combine(folder.Path, "out"), "--nologo", "-p:UseSharedCompilation=false");
            string said = await DotnetAsync("exec", Path.Combine(folder.Path, "out/App.dll"), Path.Combine(folder.Path, "state"));

            Assert.Contains("Hello, package: actors443 over https", said, StringComparison.Ordinal);
        }
        finally
        {
            string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");
            string cached = Path.Combine(packages, "actors443", version);
            if (Directory.Exists(cached))
                Directory.Delete(cached, recursive: true);
        }
    }

    private static void LookInto(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        XDocument description = Read(archive, "Actors443.nuspec");
        XNamespace space = description.Root!.Name.Namespace;
        XElement metadata = description.Root.Element(space + "metadata")!;
        Assert.Equal("PACKAGE.md", metadata.Element(space + "readme")?.Value);
        Assert.Equal("Apache-2.0", metadata.Element(space + "license")?.Value);
        Assert.Equal("Microsoft.AspNetCore.App", metadata.Descendants(space + "frameworkReference").Single().Attribute("name")?.Value);
        string[] dependencies = [.. metadata.Descendants(space + "dependency").Select(dependency => dependency.Attribute("id")!.Value)];
        Assert.Contains("Akka.Hosting", dependencies);
        // What tests are made with is theirs.
        Assert.DoesNotContain(dependencies, dependency => dependency.Contains("xunit", StringComparison.OrdinalIgnoreCase) || dependency.Contains("TestKit", StringComparison.Ordinal));

        using (var readme = new StreamReader(archive.GetEntry("PACKAGE.md")!.Open()))
            Assert.Contains("WithActors443", readme.ReadToEnd(), StringComparison.Ordinal);
        Assert.NotNull(archive.GetEntry("lib/net10.0/Actors443.dll"));
        var documented = Read(archive, "lib/net10.0/Actors443.xml").Descendants("member").Select(member => member.Attribute("name")!.Value).ToHashSet();
        Assert.Contains("T:Actors443.TestKit.TestConnections", documented);
        Assert.Contains(documented, member => member.StartsWith("M:Actors443.Hosting.Actors443Hosting.WithActors443(", StringComparison.Ordinal));
    }

    private static XDocument Read(ZipArchive archive, string name)
    {
        using Stream stream = (archive.GetEntry(name) ?? throw new FileNotFoundException($"The package has no {name}.")).Open();
        return XDocument.Load(stream);
    }

    private static async Task<string> DotnetAsync(params string[] arguments)
    {
        // No server is to be left behind that holds our end of its output.
        await using TestProgram dotnet = TestProgram.Start("dotnet", arguments, new Dictionary<string, string> { ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" });
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await dotnet.EndAsync(patience.Token);
        Assert.True(dotnet.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: {dotnet.Output}");
        return dotnet.Output;
    }
}
