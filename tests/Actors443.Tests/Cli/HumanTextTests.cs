using Actors443.Server.Cli;

namespace Actors443.Tests.Cli;

public class HumanTextTests
{
    [Theory]
    [InlineData(0.04, "0.0s")]
    [InlineData(9.96, "10.0s")]
    [InlineData(59, "59s")]
    [InlineData(125, "2m 5s")]
    [InlineData(3600, "1h 0m")]
    [InlineData(90_000, "1d 1h")]
    [InlineData(-90_000, "-1d 1h")]
    public void Durations_show_two_units(double seconds, string expected) => Assert.Equal(expected, HumanText.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("30d", 30 * 86400.0)]
    [InlineData("2w", 14 * 86400.0)]
    [InlineData("1.5h", 5400)]
    [InlineData("90M", 5400)]
    [InlineData("0s", 0)]
    public void Durations_are_read_with_their_unit(string text, double seconds)
    {
        Assert.True(HumanText.TryParseDuration(text, out TimeSpan duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("d")]
    [InlineData("-1d")]
    [InlineData("1e9d")]
    [InlineData("99999999d")]
    [InlineData("1 d")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(HumanText.TryParseDuration(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(15 * 1024 * 1024, "15 MiB")]
    public void Sizes_are_binary(long bytes, string expected) => Assert.Equal(expected, HumanText.Bytes(bytes));
}
