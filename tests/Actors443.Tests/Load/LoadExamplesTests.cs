using Actors443.Configuration.Hocon;
using Actors443.Server.Load.Settings;
using Actors443.Testing;

namespace Actors443.Tests.Load;

/// <summary>Every scenario in <c>hocon/examples/load</c> can be run as it is, against loopback.</summary>
public sealed class LoadExamplesTests
{
    public static TheoryData<string> Examples => [.. Directory.GetFiles(Repository.Example("load"), "*.conf").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void A_scenario_loads_without_a_problem(string name)
    {
        LoadedScenario loaded = LoadSettingsLoader.Load([new HoconText(Path.Combine(Repository.Example("load"), name))]);

        Assert.Empty(loaded.Problems);
        Assert.True(loaded.Settings!.Target.IsLoopback);
        Assert.NotEmpty(loaded.Settings.Groups);
    }
}
