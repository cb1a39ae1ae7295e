using Actors443.Server.Configuration;

namespace Actors443.Tests.Cli;

public class CommandLineTests
{
    [Theory]
    [InlineData("chekc", "did you mean 'check'?")]
    [InlineData("frobnicate", "neither a command nor a file")]
    [InlineData("run --sett a=b", "did you mean --set?")]
    [InlineData("run -x", "-x is not an option of 'run'")]
    [InlineData("run --set", "--set needs a value: --set <key=value>")]
    [InlineData("run --set https.bind", "write --set key=value")]
    [InlineData("check --set =1", "write --set key=value")]
    [InlineData("conns --sort colour", "age, requests, bytes")]
    [InlineData("conns --sort age --sort bytes", "given 2 times")]
    [InlineData("conns --state asleep", "handshaking")]
    [InlineData("conns --limit many", "number from 1 to 10000")]
    [InlineData("conns --limit 0", "number from 1 to 10000")]
    [InlineData("why", "Required argument")]
    [InlineData("why no!body", "neither an address, nor a network, nor the id of a connection")]
    [InlineData("why 10.0.0.1 --limit 0", "number from 1 to 1000")]
    [InlineData("certs --expiring soon", "--expiring 30d")]
    [InlineData("certs --expiring -3d", "--expiring")]
    [InlineData("trust --install --uninstall", "exclude each other")]
    [InlineData("version please", "'please' is not understood")]
    public async Task A_malformed_command_line_gets_one_line_that_names_the_fix_and_exit_code_2(string line, string expected)
    {
        CommandRun run = await new CommandRun().InvokeAsync(line.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
        Assert.Null(run.Started);
    }

    [Theory]
    [InlineData("", "", "")]
    [InlineData("run", "", "")]
    [InlineData("--set a=1", "", "a=1")]
    [InlineData("./site.conf", "./site.conf", "")]
    [InlineData("run a.conf b.conf --set x=1 --set y=2", "a.conf b.conf", "x=1 y=2")]
    [InlineData("run --set x=1 a.conf", "a.conf", "x=1")]
    [InlineData("run @a.conf", "@a.conf", "")]
    public async Task Run_is_the_command_when_none_is_named(string line, string files, string overrides)
    {
        CommandRun run = await new CommandRun { ServerAnswers = 7 }.InvokeAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(7, run.ExitCode);
        Assert.Equal(files, string.Join(' ', run.Started!.Files));
        Assert.Equal(overrides, string.Join(' ', run.Started.Overrides));
    }

    [Fact]
    public async Task Run_says_every_problem_of_the_settings_and_does_not_start()
    {
        var settings = new LoadedSettings(null, [CommandRun.Problem("not an address"), CommandRun.Problem("not a port")], []);

        CommandRun run = await new CommandRun { Settings = settings }.InvokeAsync("run", "site.conf");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal(["site.conf:3: actors443.https.bind: not an address", "site.conf:3: actors443.https.bind: not a port"], run.ErrorLines);
        Assert.Null(run.Started);
    }

    [Theory]
    [InlineData("--help", "Commands:")]
    [InlineData("-h", "Exit codes: 0 done, 1 failed, 2 bad usage or configuration.")]
    [InlineData("run --help", "--set https.bind=127.0.0.1:8443")]
    [InlineData("check --help", "actors443 check site.conf")]
    [InlineData("certs --help", "--expiring 30d")]
    [InlineData("conns --help", "--sort <age|requests|bytes>")]
    [InlineData("why --help", "actors443 why 203.0.113.9")]
    [InlineData("trust --help", "--uninstall")]
    [InlineData("version --help", "actors443 version --json")]
    public async Task Help_shows_the_usage_and_examples(string line, string expected)
    {
        CommandRun run = await new CommandRun().InvokeAsync(line.Split(' '));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Usage:\n  actors443", run.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task The_version_option_is_the_number_alone()
    {
        CommandRun run = await new CommandRun().InvokeAsync("--version");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", run.Output);
    }
}
