using System.Security.Cryptography;
using System.Threading.Channels;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Configuration;

/// <summary>
/// Watches the files of a load, included ones too, and loads them again when what they say has changed. Notifications are only a hint:
/// they are gathered until the files have been quiet for <see cref="Quiet"/>, and every <see cref="Poll"/> the files are looked at
/// anyway, because network file systems notify nothing. The callback gets good and bad results alike, one at a time.
/// </summary>
internal sealed class SettingsFileWatcher : IAsyncDisposable
{
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    private readonly Func<LoadedSettings> _load;
    private readonly Func<LoadedSettings, Task> _changed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<bool> _hints = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<string, FileSystemWatcher> _folders = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _poll;
    private readonly Task _watching;
    private string _fingerprint;

    /// <param name="current">What runs now; its files are watched.</param>
    /// <param name="load">Loads again: <see cref="ServerSettingsLoader"/> with the same arguments.</param>
    /// <param name="changed">Told each result that comes of changed files. What it throws is logged.</param>
    /// <param name="time">Clock of the waiting.</param>
    /// <param name="logger">Where failures to watch are told.</param>
    public SettingsFileWatcher(LoadedSettings current, Func<LoadedSettings> load, Func<LoadedSettings, Task> changed, TimeProvider time, ILogger logger)
    {
        _load = load;
        _changed = changed;
        _time = time;
        _logger = logger;
        _fingerprint = Fingerprint(current.Files);
        Watch(current.Files);
        _poll = time.CreateTimer(_ => Hint(), null, Poll, Poll);
        _watching = Task.Run(() => WatchAsync(current.Files));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _poll.DisposeAsync();
        await _watching;
        foreach (FileSystemWatcher folder in _folders.Values)
            folder.Dispose();
        _stop.Dispose();
    }

    private void Hint() => _hints.Writer.TryWrite(true);

    private async Task WatchAsync(IReadOnlyList<string> files)
    {
        try
        {
            while (await _hints.Reader.WaitToReadAsync(_stop.Token))
            {
                await UntilQuietAsync();
                string fingerprint = Fingerprint(files);
                if (fingerprint == _fingerprint)
                    continue;
                LoadedSettings loaded = _load();
                // What was read may be newer than what was looked at: then the next look differs again and nothing is lost.
                _fingerprint = files.SequenceEqual(loaded.Files) ? fingerprint : Fingerprint(loaded.Files);
                files = loaded.Files;
                Watch(files);
                await TellAsync(loaded);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task UntilQuietAsync()
    {
        // Editors and deployments write several files in several steps. A file that never rests is read all the same.
        for (int i = 0; i < 10 && _hints.Reader.TryRead(out _); i++)
            await Task.Delay(Quiet, _time, _stop.Token);
    }

    private async Task TellAsync(LoadedSettings loaded)
    {
        try
        {
            await _changed(loaded);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            _logger.ReloadFailed(e);
        }
    }

    private void Watch(IReadOnlyList<string> files)
    {
        HashSet<string> wanted = [.. files.Select(Path.GetDirectoryName).OfType<string>()];
        foreach (string folder in _folders.Keys.Except(wanted).ToList())
        {
            _folders[folder].Dispose();
            _folders.Remove(folder);
        }

        foreach (string folder in wanted.Where(folder => !_folders.ContainsKey(folder) && Directory.Exists(folder)))
        {
            try
            {
                // The folder, not the file: renames and Kubernetes' swapped links show there only.
                var watcher = new FileSystemWatcher(folder);
                watcher.Changed += (_, _) => Hint();
                watcher.Created += (_, _) => Hint();
                watcher.Deleted += (_, _) => Hint();
                watcher.Renamed += (_, _) => Hint();
                watcher.Error += (_, _) => Hint();
                _folders.Add(folder, watcher);
                watcher.EnableRaisingEvents = true;
            }
            catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
            {
                _logger.FolderNotWatched(folder, Poll.TotalSeconds, e.Message);
            }
        }
    }

    private static string Fingerprint(IReadOnlyList<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in files)
        {
            byte[] content;
            try
            {
                content = File.ReadAllBytes(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Missing is a state as well; loading will say it in words.
                content = [0];
            }

            hash.AppendData(BitConverter.GetBytes(content.LongLength));
            hash.AppendData(content);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
