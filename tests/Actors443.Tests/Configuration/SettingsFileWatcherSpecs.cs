using System.Threading.Channels;
using Actors443.Server.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.Tests.Configuration;

/// <summary>Changed files are loaded again, once and whole.</summary>
public sealed class SettingsFileWatcherSpecs : SettingsFixture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<LoadedSettings> _told = Channel.CreateUnbounded<LoadedSettings>();

    [Fact]
    public async Task A_changed_file_is_loaded_again()
    {
        string file = Write("watched.conf", "actors443.drain.deadline = 1s");
        await using SettingsFileWatcher watcher = Watch(file);

        Write("watched.conf", "actors443.drain.deadline = 2s");

        Assert.Equal(TimeSpan.FromSeconds(2), Good(await NextAsync()).Core.Drain.Deadline);
    }

    [Fact]
    public async Task A_bad_file_is_told_with_its_problems_and_a_good_one_after_it_is_loaded()
    {
        string file = Write("watched.conf", "actors443.drain.deadline = 1s");
        await using SettingsFileWatcher watcher = Watch(file);

        Write("watched.conf", "actors443.drain.deadline = soon");
        LoadedSettings bad = await NextAsync();
        Write("watched.conf", "actors443.drain.deadline = 3s");
        LoadedSettings good = await NextAsync();

        Assert.Null(bad.Settings);
        Assert.Contains("'soon' is not a duration", Assert.Single(bad.Problems).Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(3), Good(good).Core.Drain.Deadline);
    }

    [Fact]
    public async Task A_file_replaced_by_rename_and_one_newly_included_are_watched_as_well()
    {
        Write("parts/part.conf", "deadline = 2s");
        string file = Write("watched.conf", "actors443.drain.deadline = 1s");
        await using SettingsFileWatcher watcher = Watch(file);

        File.Move(Write("new.conf", "actors443.drain { include \"parts/part.conf\" }"), file, overwrite: true);
        LoadedSettings renamed = await NextAsync();
        Write("parts/part.conf", "deadline = 3s");
        LoadedSettings included = await NextAsync();

        Assert.Equal(TimeSpan.FromSeconds(2), Good(renamed).Core.Drain.Deadline);
        Assert.Equal(TimeSpan.FromSeconds(3), Good(included).Core.Drain.Deadline);
    }

    [Fact]
    public async Task A_link_swapped_as_Kubernetes_does_is_a_change()
    {
        Write("v1/s.conf", "actors443.drain.deadline = 1s");
        Write("v2/s.conf", "actors443.drain.deadline = 2s");
        // A link to a link of which the inner is replaced: the file's own entry in its folder never changes.
        string file = Path.Combine(Folder, "s.conf");
        File.CreateSymbolicLink(file, "..data");
        File.CreateSymbolicLink(Path.Combine(Folder, "..data"), Path.Combine("v1", "s.conf"));
        await using SettingsFileWatcher watcher = Watch(file);

        File.CreateSymbolicLink(Path.Combine(Folder, "..tmp"), Path.Combine("v2", "s.conf"));
        File.Move(Path.Combine(Folder, "..tmp"), Path.Combine(Folder, "..data"), overwrite: true);

        Assert.Equal(TimeSpan.FromSeconds(2), Good(await NextAsync()).Core.Drain.Deadline);
    }

    [Fact]
    public async Task A_callback_that_throws_does_not_end_the_watching()
    {
        string file = Write("watched.conf", "actors443.drain.deadline = 1s");
        int calls = 0;
        await using SettingsFileWatcher watcher = Watch(file, () => ++calls == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask);

        Write("watched.conf", "actors443.drain.deadline = 2s");
        await NextAsync();
        Write("watched.conf", "actors443.drain.deadline = 3s");

        Assert.Equal(TimeSpan.FromSeconds(3), Good(await NextAsync()).Core.Drain.Deadline);
    }

    private SettingsFileWatcher Watch(string file, Func<Task>? then = null)
    {
        LoadedSettings current = LoadFiles([file]);
        return new SettingsFileWatcher(
            current,
            () => LoadFiles([file]),
            async loaded =>
            {
                await _told.Writer.WriteAsync(loaded);
                await (then?.Invoke() ?? Task.CompletedTask);
            },
            TimeProvider.System,
            NullLogger.Instance);
    }

    private async Task<LoadedSettings> NextAsync() => await _told.Reader.ReadAsync().AsTask().WaitAsync(Patience);
}
