namespace Actors443.Certificates;

/// <summary>Notifications of changes in a set of folders that itself changes. Used by one thread; notifies on any.</summary>
/// <param name="changed">Called for every change.</param>
/// <param name="failed">Called once for a folder that cannot be watched, with the cause.</param>
internal sealed class FolderWatches(Action changed, Action<string, string> failed)
{
    // Each takes one of the 128 inotify instances that Linux gives a user by default.
    private const int Most = 32;

    private readonly Dictionary<string, (FileSystemWatcher Watcher, DateTime Created)> _watchers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _failed = new(StringComparer.Ordinal);

    /// <summary>Watches these folders and no others; true: with the folders in it. Folders that are not there are left out until the next call.</summary>
    public void Follow(IReadOnlyDictionary<string, bool> folders)
    {
        foreach ((string folder, (FileSystemWatcher watcher, DateTime created)) in _watchers.ToArray())
        {
            // A folder that was removed and made again is another one, of which the watcher knows nothing.
            if (folders.ContainsKey(folder) && Directory.Exists(folder) && Directory.GetCreationTimeUtc(folder) == created)
                continue;
            watcher.Dispose();
            _watchers.Remove(folder);
        }

        foreach ((string folder, bool recursive) in folders.Where(folder => !_watchers.ContainsKey(folder.Key) && Directory.Exists(folder.Key)))
            Watch(folder, recursive);
    }

    /// <summary>Watches nothing any more.</summary>
    public void Stop()
    {
        foreach ((FileSystemWatcher watcher, _) in _watchers.Values)
            watcher.Dispose();
        _watchers.Clear();
    }

    private void Watch(string folder, bool recursive)
    {
        if (_watchers.Count >= Most)
        {
            Fail(folder, $"{Most} other folders are watched already");
            return;
        }

        DateTime created = Directory.GetCreationTimeUtc(folder);
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = recursive };
            watcher.Changed += (_, _) => changed();
            watcher.Created += (_, _) => changed();
            watcher.Renamed += (_, _) => changed();
            watcher.Deleted += (_, _) => changed();
            watcher.Error += (_, _) => changed();
            watcher.EnableRaisingEvents = true;
            _watchers[folder] = (watcher, created);
        }
        catch (Exception cause) when (cause is IOException or ArgumentException or UnauthorizedAccessException)
        {
            watcher?.Dispose();
            Fail(folder, cause.Message);
        }
    }

    private void Fail(string folder, string cause)
    {
        if (_failed.Add(folder))
            failed(folder, cause);
    }
}
