using System.Net;
using System.Text.Json;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Cli.Doctor;

public sealed class DoctorCommandTests : IDisposable
{
    private readonly TemporaryFolder _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public async Task What_does_not_work_comes_first_with_its_fix_and_exit_code_1()
    {
        CommandRun run = await new CommandRun { Settings = Settings(), Certificates = new CertificateCheck([], ["site.pem: the key is missing; put it beside"], []), MissingQuic = "QUIC needs libmsquic" }.InvokeAsync("doctor");

        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1, run.ExitCode);
        Assert.Matches(@"^problem\s+certificates\s+site\.pem: the key is missing\. Fix: put it beside$", lines[1]);
        Assert.Contains(lines, line => line.StartsWith("hint", StringComparison.Ordinal) && line.EndsWith("no HTTP/3. Fix: QUIC needs libmsquic", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("ok", StringComparison.Ordinal) && line.Contains("none runs with this configuration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_works_is_exit_code_0_and_one_document_of_json()
    {
        CommandRun run = await new CommandRun { Settings = Settings() }.InvokeAsync("doctor", "--json");

        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal((0, true), (run.ExitCode, json.RootElement.GetProperty("ok").GetBoolean()));
        Assert.Contains(json.RootElement.GetProperty("findings").EnumerateArray(), finding => finding.GetProperty("check").GetString() == "state" && finding.GetProperty("grade").GetString() == "good");
    }

    [Fact]
    public async Task A_bad_configuration_is_all_that_is_found()
    {
        CommandRun run = await new CommandRun { Settings = new LoadedSettings(null, [CommandRun.Problem("not an address")], []) }.InvokeAsync("doctor");

        Assert.Equal(1, run.ExitCode);
        Assert.Matches("^problem  configuration  site.conf:3: actors443.https.bind: not an address$", run.Output.Split('\n')[1]);
    }

    private LoadedSettings Settings() => new(
        new ServerSettings
        {
            Core = new Actors443Settings
            {
                StateDirectory = _state.Path,
                Https = new HttpsSettings { Bind = [new IPEndPoint(IPAddress.Loopback, 0)] },
                Http = new HttpSettings { Enabled = false },
            },
            Admin = new AdminSettings { Bind = new IPEndPoint(IPAddress.Loopback, FreePort.Next()) },
        },
        [],
        []);
}
