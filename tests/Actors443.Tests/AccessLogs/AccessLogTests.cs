using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Actors443.Server.AccessLogs;
using Actors443.Server.Configuration;
using Actors443.Testing;
using Actors443.Tests.Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.AccessLogs;

public sealed class AccessLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedMetrics _metrics = new();
    private readonly RecordedLog _log = new();
    private readonly FakeTimeProvider _time = new();

    private string FilePath => Path.Combine(_folder.Path, "access.log");

    private double Dropped => _metrics.Sum("actors443.access_log.dropped");

    [Fact]
    public async Task Every_entry_is_a_line_in_order()
    {
        AccessLog log = Start(Settings());
        for (int i = 0; i < 1000; i++)
            log.Add(Entry(i));
        await log.DisposeAsync();

        Assert.Equal(Enumerable.Range(0, 1000), Statuses(FilePath));
        Assert.Equal(0, Dropped);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public async Task A_restart_goes_on_in_the_same_file()
    {
        for (int i = 0; i < 3; i++)
        {
            AccessLog log = Start(Settings());
            log.Add(Entry(i));
            await log.DisposeAsync();
        }

        Assert.Equal([0, 1, 2], Statuses(FilePath));
    }

    [Fact]
    public async Task Off_writes_nothing()
    {
        AccessLog log = Start(Settings() with { Format = AccessLogFormat.Off });
        log.Add(Entry(1));
        await log.DisposeAsync();

        Assert.False(log.IsOn);
        Assert.False(File.Exists(FilePath));
        Assert.Equal(0, Dropped);
    }

    [Fact]
    public async Task A_file_that_has_grown_is_rotated_and_as_many_are_kept_as_asked()
    {
        AccessLog log = Start(Settings() with { RotateBytes = 2000, Keep = 3 });
        for (int i = 0; i < 100; i++)
        {
            log.Add(Entry(i));
            await WrittenAsync(i);
        }

        await log.DisposeAsync();

        Assert.Equal(["access.log", "access.log.1", "access.log.2", "access.log.3"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(_folder.Path), file => Assert.InRange(new FileInfo(file).Length, 1, 2000));
        int[] all = [.. new[] { ".3", ".2", ".1", "" }.SelectMany(ending => Statuses(FilePath + ending))];
        Assert.Equal(Enumerable.Range(100 - all.Length, all.Length), all);
        Assert.Equal(0, Dropped);
    }

    [Fact]
    public async Task Keep_none_begins_the_file_anew()
    {
        AccessLog log = Start(Settings() with { RotateBytes = 2000, Keep = 0 });
        for (int i = 0; i < 50; i++)
        {
            log.Add(Entry(i));
            await WrittenAsync(i);
        }

        await log.DisposeAsync();

        Assert.Equal([FilePath], Directory.GetFiles(_folder.Path));
        Assert.InRange(new FileInfo(FilePath).Length, 1, 2000);
        Assert.Equal(49, Statuses(FilePath).Last());
    }

    [Fact]
    public async Task A_file_that_cannot_be_renamed_grows_on_and_says_so()
    {
        // A folder is where the rotated file should be.
        Directory.CreateDirectory(FilePath + ".1/in the way");
        AccessLog log = Start(Settings() with { RotateBytes = 1000, Keep = 1 });
        for (int i = 0; i < 50; i++)
        {
            log.Add(Entry(i));
            await WrittenAsync(i);
        }

        await log.DisposeAsync();

        Assert.Equal(Enumerable.Range(0, 50), Statuses(FilePath));
        Assert.Equal(0, Dropped);
        Assert.Contains("cannot be rotated", Assert.Single(_log.Of(LogLevel.Error)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_program_may_rename_the_file_and_have_it_reopened()
    {
        AccessLog log = Start(Settings());
        log.Add(Entry(1));
        await WrittenAsync(1);
        File.Move(FilePath, FilePath + ".old");
        log.Reopen();
        log.Add(Entry(2));
        await log.DisposeAsync();

        Assert.Equal([1], Statuses(FilePath + ".old"));
        Assert.Equal([2], Statuses(FilePath));
    }

    [Fact]
    public async Task Another_program_may_cut_the_file()
    {
        AccessLog log = Start(Settings());
        log.Add(Entry(1));
        await WrittenAsync(1);
        using (var cut = new FileStream(FilePath, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite))
            Assert.Equal(0, cut.Length);
        log.Add(Entry(2));
        await log.DisposeAsync();

        Assert.Equal([2], Statuses(FilePath));
    }

    [SkippableFact]
    public async Task A_full_disk_costs_entries_which_are_counted_until_there_is_room()
    {
        Skip.IfNot(File.Exists("/dev/full"), "There is no /dev/full on this system.");
        File.CreateSymbolicLink(FilePath, "/dev/full");
        AccessLog log = Start(Settings());
        for (int i = 0; i < 3; i++)
        {
            log.Add(Entry(i));
            await Eventually.HoldsAsync(() => Dropped == i + 1, $"entry {i} is counted as dropped");
        }

        Assert.Contains("cannot be written (No space left on device", Assert.Single(_log.Of(LogLevel.Error)), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(1));
        log.Add(Entry(3));
        await Eventually.HoldsAsync(() => _log.Of(LogLevel.Error).Count == 2, "it is told again after a minute");

        File.Delete(FilePath);
        log.Add(Entry(4));
        await log.DisposeAsync();

        Assert.Equal([4], Statuses(FilePath));
        Assert.Equal(4, Dropped);
    }

    [Fact]
    public async Task A_folder_that_vanishes_is_made_again()
    {
        AccessLog log = Start(Settings() with { Path = Path.Combine(_folder.Path, "logs", "access.log") });
        log.Add(Entry(1));
        await Eventually.HoldsAsync(() => File.Exists(log.Redaction.Settings.Path), "the first is written");
        Directory.Delete(Path.Combine(_folder.Path, "logs"), recursive: true);
        log.Reopen();
        log.Add(Entry(2));
        await log.DisposeAsync();

        Assert.Equal([2], Statuses(log.Redaction.Settings.Path));
    }

    [SkippableFact]
    public async Task A_disk_that_stalls_fills_the_queue_and_holds_nobody()
    {
        // To open a pipe that nobody reads blocks as a dead network disk does.
        Skip.If(OperatingSystem.IsWindows(), "There are no named pipes in folders on Windows.");
        await Process.Start("mkfifo", FilePath).WaitForExitAsync();
        AccessLog log = Start(Settings() with { QueueLength = 10 });
        // The writer takes 64 KiB of them at most before it stalls.
        for (int i = 0; i < 2000; i++)
            log.Add(Entry(i));
        Assert.InRange(Dropped, 1000, 1990);

        using var reader = new StreamReader(new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        Task<string> all = reader.ReadToEndAsync();
        await log.DisposeAsync();

        Assert.Equal(2000 - (int)Dropped, (await all).Split('\n').Length - 1);
    }

    [SkippableFact]
    public async Task A_disk_that_stalls_does_not_hold_the_end_of_the_server()
    {
        Skip.If(OperatingSystem.IsWindows(), "There are no named pipes in folders on Windows.");
        await Process.Start("mkfifo", FilePath).WaitForExitAsync();
        AccessLog log = Start(Settings());
        log.Add(Entry(0));
        Task end = log.DisposeAsync().AsTask();

        _time.Advance(TimeSpan.FromSeconds(5));
        await end.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Contains("cannot be written", Assert.Single(_log.Of(LogLevel.Error)), StringComparison.Ordinal);
        // Lets the thread go that waits for a reader.
        using var reader = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
    }

    [Fact]
    public async Task Another_format_applies_from_one_line_to_the_next_of_the_same_file()
    {
        AccessLog log = Start(Settings());
        for (int i = 0; i < 200; i++)
            log.Add(Entry(i));
        await log.ApplyAsync(Settings() with { Format = AccessLogFormat.Common });
        for (int i = 200; i < 400; i++)
            log.Add(Entry(i));
        await log.DisposeAsync();

        string[] lines = await File.ReadAllLinesAsync(FilePath);
        Assert.Equal(400, lines.Length);
        Assert.All(lines[..200], line => Assert.StartsWith("{", line, StringComparison.Ordinal));
        Assert.All(lines[200..], line => Assert.StartsWith("192.0.2.7 - - [", line, StringComparison.Ordinal));
        Assert.Equal(0, Dropped);
    }

    [Fact]
    public async Task No_entry_is_lost_while_settings_change()
    {
        const int each = 2000;
        AccessLog log = Start(Settings() with { QueueLength = 4 * each });
        Task adding = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < each; i++)
                log.Add(Entry(i));
        })));
        string[] files = [.. Enumerable.Range(0, 20).Select(i => Path.Combine(_folder.Path, $"{i % 4}.log"))];
        foreach (string file in files)
            await log.ApplyAsync(Settings() with { Path = file, QueueLength = 4 * each });
        await adding;
        await log.DisposeAsync();

        Assert.Equal(3 * each, Directory.GetFiles(_folder.Path).Sum(file => File.ReadLines(file).Count()));
        Assert.Equal(0, Dropped);
    }

    [Fact]
    public async Task The_same_settings_leave_the_file_open()
    {
        AccessLog log = Start(Settings());
        log.Add(Entry(1));
        await WrittenAsync(1);
        File.Move(FilePath, FilePath + ".old");

        await log.ApplyAsync(Settings());
        log.Add(Entry(2));
        await log.DisposeAsync();

        Assert.Equal([1, 2], Statuses(FilePath + ".old"));
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _folder.Dispose();
    }

    private AccessLogSettings Settings() => new() { Format = AccessLogFormat.Json, Path = FilePath };

    private AccessLog Start(AccessLogSettings settings) => new(settings, _metrics.Factory, _log, _time);

    private Task WrittenAsync(int status) => Eventually.HoldsAsync(
        () => File.Exists(FilePath) && Statuses(FilePath).LastOrDefault(-1) == status, $"entry {status} is written");

    private static int[] Statuses(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("status").GetInt32())];
    }

    private static AccessLogEntry Entry(int status) => new(
        DateTimeOffset.UnixEpoch, null, IPAddress.Parse("192.0.2.7"), "GET", "https", "example.com", "/", "HTTP/2", status, 0, 0, null, null, null, null, null, null);
}
