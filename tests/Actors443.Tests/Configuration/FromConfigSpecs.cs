using Actors443.Configuration;
using Akka.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary>The way in for applications that embed the library and have an Akka <see cref="Config"/> of their own.</summary>
public sealed class FromConfigSpecs
{
    [Fact]
    public void What_is_written_is_read_and_the_rest_has_its_default()
    {
        Config config = ConfigurationFactory.ParseString("akka.loglevel = DEBUG\nactors443 { https { bind = \"127.0.0.1:0\" } }")
            .WithFallback(ConfigurationFactory.ParseString("actors443 { https.tls = modern }"));

        Actors443Settings settings = Actors443Settings.FromConfig(config);

        Assert.Equal("127.0.0.1:0", settings.Https.Bind.Single().ToString());
        Assert.Equal(TlsPolicyName.Modern, settings.Https.Tls);
        Assert.Equal(new DeadlineSettings(), settings.Deadlines);
    }

    [Fact]
    public void An_empty_config_gives_the_defaults() =>
        Assert.Equal(ReferenceSpecs.Show(new Actors443Settings()), ReferenceSpecs.Show(Actors443Settings.FromConfig(Config.Empty)));

    [Fact]
    public void All_problems_are_in_the_exception()
    {
        Config config = ConfigurationFactory.ParseString("actors443 { engin = auto, drain.deadline = soon, sites {} }");

        var refused = Assert.Throws<SettingsException>(() => Actors443Settings.FromConfig(config));

        Assert.Equal(
            [
                "actors443.drain.deadline: 'soon' is not a duration; write a number with a unit, such as 500ms, 10s or 5 minutes",
                "unknown key 'actors443.engin'; did you mean 'engine'?",
                "unknown key 'actors443.sites'; see reference.conf for the keys known here",
            ],
            refused.Problems.Select(problem => problem.ToString()));
        Assert.Equal(3, refused.Message.Split(Environment.NewLine).Length);
    }
}
