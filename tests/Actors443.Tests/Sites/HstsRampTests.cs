using System.Text.Json;
using Actors443.Server.Sites;
using Actors443.Testing;
using Actors443.Tests.Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Sites;

public sealed class HstsRampTests : IDisposable
{
    private const string Short = "max-age=300";
    private const string Long = "max-age=31536000";

    private readonly TemporaryFolder _state = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly RecordedLog _log = new();

    private string FilePath => Path.Combine(_state.Path, "hsts.json");

    [Fact]
    public void The_promise_is_short_for_a_week_and_then_a_year()
    {
        HstsRamp ramp = Ramp();

        Assert.Equal(Short, Ask(ramp));
        _time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        Assert.Equal(Short, Ask(ramp));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Long, Ask(ramp));
    }

    [Fact]
    public void The_ramp_goes_on_after_a_restart()
    {
        Ask(Ramp());
        _time.Advance(TimeSpan.FromDays(8));

        Assert.Equal(Long, Ask(Ramp()));
        Assert.Empty(_log.Of(LogLevel.Warning));
    }

    [Fact]
    public void Each_site_has_its_own_ramp()
    {
        HstsRamp ramp = Ramp();
        Ask(ramp);
        _time.Advance(TimeSpan.FromDays(8));

        Assert.Equal(Long, ramp.ValueFor("example.com", new HstsSettings()));
        Assert.Equal(Short, ramp.ValueFor("example.org", new HstsSettings()));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("2001:db8::a")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("app.localhost")]
    public void Addresses_and_this_machine_are_promised_nothing(string host)
    {
        Assert.False(HstsRamp.Concerns(host, new HstsSettings()));
    }

    [Fact]
    public void Settings_are_said_as_they_are()
    {
        HstsRamp ramp = Ramp();

        Assert.Equal("max-age=10; includeSubDomains", ramp.ValueFor("a", new HstsSettings { RampMaxAge = TimeSpan.FromSeconds(10), IncludeSubDomains = true }));
        Assert.Equal(
            "max-age=63072000; includeSubDomains; preload",
            ramp.ValueFor("a", new HstsSettings { Ramp = TimeSpan.Zero, MaxAge = TimeSpan.FromDays(730), IncludeSubDomains = true, Preload = true }));
    }

    [Fact]
    public void The_file_is_private_whole_and_alone()
    {
        HstsRamp ramp = Ramp();
        Parallel.For(0, 50, i => ramp.ValueFor($"site-{i}.example.com", new HstsSettings()));

        Assert.Equal(50, JsonSerializer.Deserialize<Dictionary<string, DateTimeOffset>>(File.ReadAllText(FilePath))!.Count);
        Assert.Equal([FilePath], Directory.GetFiles(_state.Path));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public void The_state_directory_is_made_if_it_is_not_there()
    {
        string state = Path.Combine(_state.Path, "not", "yet");

        Ask(new HstsRamp(state, _time, _log));

        Assert.True(File.Exists(Path.Combine(state, "hsts.json")));
        Assert.Empty(_log.Of(LogLevel.Warning));
    }

    [Fact]
    public void A_state_directory_that_cannot_be_written_is_told_once_and_costs_no_answer()
    {
        string notAFolder = _state.Write("file", "");
        var ramp = new HstsRamp(notAFolder, _time, _log);

        Assert.Equal(Short, Ask(ramp));
        Assert.Equal(Short, Ask(ramp));

        Assert.Contains("cannot be written", Assert.Single(_log.Of(LogLevel.Warning)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"example.com\": 5}")]
    [InlineData("{\"example.com\": \"2026-13-45\"}")]
    public void A_file_that_cannot_be_understood_is_told_and_replaced(string content)
    {
        File.WriteAllText(FilePath, content);

        Assert.Equal(Short, Ask(Ramp()));

        Assert.Contains("cannot be read", Assert.Single(_log.Of(LogLevel.Warning)), StringComparison.Ordinal);
        Assert.Equal(["example.com"], JsonSerializer.Deserialize<Dictionary<string, DateTimeOffset>>(File.ReadAllText(FilePath))!.Keys);
    }

    [Fact]
    public void Two_spellings_of_a_name_in_the_file_are_one_site()
    {
        File.WriteAllText(FilePath, """{"example.com": "2025-01-01T00:00:00+00:00", "EXAMPLE.com": "2025-01-01T00:00:00+00:00"}""");

        Assert.Equal(Long, Ask(Ramp()));
    }

    [Fact]
    public void A_date_from_a_clock_that_was_ahead_does_not_hold_the_ramp_for_ever()
    {
        File.WriteAllText(FilePath, """{"example.com": "2099-01-01T00:00:00+00:00"}""");
        HstsRamp ramp = Ramp();

        Assert.Equal(Short, Ask(ramp));
        _time.Advance(TimeSpan.FromDays(7));
        Assert.Equal(Long, Ask(ramp));
    }

    public void Dispose() => _state.Dispose();

    [Fact]
    public void Names_are_promised_it_unless_it_is_off()
    {
        Assert.True(HstsRamp.Concerns("a.example.com", new HstsSettings()));
        Assert.False(HstsRamp.Concerns("a.example.com", new HstsSettings { Enabled = false }));
    }

    private HstsRamp Ramp() => new(_state.Path, _time, _log);

    private static string Ask(HstsRamp ramp) => ramp.ValueFor("example.com", new HstsSettings());
}
