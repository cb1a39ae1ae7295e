using System.Net;
using Actors443.Server.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Configuration;

/// <summary>Every file in <c>hocon/examples</c> can be run as it is, on loopback.</summary>
public sealed class ExamplesSpecs
{
    public static TheoryData<string> Examples => [.. Names()];

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_loads_without_a_problem_and_listens_on_loopback_alone(string name)
    {
        LoadedSettings loaded = ServerSettingsLoader.Load([Path.Combine(Repository.Example(""), name)], [], _ => null);

        Assert.Empty(loaded.Problems);
        ServerSettings settings = loaded.Settings!;
        Assert.All(settings.Core.Https.Bind.Concat(settings.Core.Http.Bind), address => Assert.True(IPAddress.IsLoopback(address.Address), address.ToString()));
        Assert.True(settings.Core.Https.BindIsExplicit && settings.Core.Http.BindIsExplicit);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_takes_any_ports_by_set(string name)
    {
        LoadedSettings loaded = ServerSettingsLoader.Load(
            [Path.Combine(Repository.Example(""), name)], ["https.bind=127.0.0.1:0", "http.bind=127.0.0.1:0", "admin.bind=127.0.0.1:0"], _ => null);

        Assert.Empty(loaded.Problems);
        Assert.Equal("127.0.0.1:0 127.0.0.1:0 127.0.0.1:0", $"{loaded.Settings!.Core.Https.Bind.Single()} {loaded.Settings.Core.Http.Bind.Single()} {loaded.Settings.Admin.Bind}");
    }

    [Fact]
    public void There_is_an_example_of_every_capability() =>
        Assert.Superset(new HashSet<string> { "static.conf", "proxy.conf", "hello.conf", "many-certificates.conf", "mtls.conf", "acme.conf", "tunnel.conf", "dns.conf", "on-demand.conf", "proxy-protocol.conf", "pass-through.conf", "alpn.conf" }, Names().ToHashSet());

    private static IEnumerable<string> Names() => Directory.GetFiles(Repository.Example(""), "*.conf").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);
}
