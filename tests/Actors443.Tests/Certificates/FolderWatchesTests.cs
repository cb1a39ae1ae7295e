using Actors443.Certificates;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

public sealed class FolderWatchesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _failed = [];
    private readonly FolderWatches _watches;
    private int _changes;

    public FolderWatchesTests() => _watches = new FolderWatches(() => Interlocked.Increment(ref _changes), (folder, _) => _failed.Add(folder));

    public void Dispose()
    {
        _watches.Stop();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_folder_that_comes_later_or_is_made_again_is_watched_from_the_next_look_on()
    {
        string folder = Path.Combine(_folder.Path, "certs");
        Follow(folder);
        Directory.CreateDirectory(folder);
        Follow(folder);
        await ChangesAsync(folder);

        Directory.Delete(folder, recursive: true);
        Follow(folder);
        Directory.CreateDirectory(folder);
        Follow(folder);
        await ChangesAsync(folder);

        Assert.Empty(_failed);
    }

    [Fact]
    public async Task More_folders_than_a_user_can_watch_are_told_once_and_take_the_place_of_others()
    {
        string[] folders = [.. Enumerable.Range(0, 33).Select(i => Directory.CreateDirectory(Path.Combine(_folder.Path, $"{i:00}")).FullName)];

        Follow(folders);
        Follow(folders);
        Assert.Equal([folders[32]], _failed);

        Follow(folders[32]);
        await ChangesAsync(folders[32]);
    }

    private void Follow(params string[] folders) => _watches.Follow(folders.ToDictionary(folder => folder, _ => false));

    private async Task ChangesAsync(string folder)
    {
        int before = Volatile.Read(ref _changes);
        File.WriteAllText(Path.Combine(folder, "file"), Guid.NewGuid().ToString());
        await Eventually.HoldsAsync(() => Volatile.Read(ref _changes) > before, $"a change in {folder} is notified");
    }
}
