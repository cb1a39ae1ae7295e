using System.Globalization;
using Actors443.Acme.OnDemand;
using Actors443.Acme.State;
using Actors443.Certificates;

namespace Actors443.Cluster.Acme;

/// <summary>What this node knows of an entry.</summary>
/// <param name="Generation">0: nobody has agreed on it yet.</param>
/// <param name="Digest">Of its files at that generation.</param>
internal sealed record EntryMark(long Generation, string Digest)
{
    public static EntryMark None { get; } = new(0, "");
}

/// <summary>
/// The disk copy: the entries as ACME has them, and beside them (<c>acme/replicated</c>) a mark for each that says which generation it is, so that a cluster that was down goes on from
/// the latest there is. Used by one thread at a time.
/// </summary>
internal sealed class ReplicatedFiles(string stateDirectory)
{
    private const string NameFile = ".name";
    private const string IndexMark = "index";

    private readonly string _root = NameSetFolder.FolderIn(stateDirectory);

    private string Marks => Path.Combine(_root, "replicated");

    /// <summary>Whether a node may name an entry so: nothing outside the state directory is ever meant.</summary>
    public static bool IsEntry(string entry) => entry.Split('/') is [NameSetFolder.Entries or IssuerAccount.Entries or OnDemandNames.Entries, { Length: > 0 } name] && IsName(name);

    /// <summary>Whether an entry is a name that has a certificate on demand.</summary>
    public static bool IsOnDemand(string entry) => entry.StartsWith(OnDemandNames.Entries + "/", StringComparison.Ordinal);

    public static bool IsNameSet(string entry) => entry.StartsWith(NameSetFolder.Entries + "/", StringComparison.Ordinal);

    /// <summary>The entries on disk, and those that are gone and have a mark.</summary>
    public Dictionary<string, EntryMark> Load()
    {
        var found = new Dictionary<string, EntryMark>(StringComparer.Ordinal);
        foreach (string folder in (string[])[NameSetFolder.Entries, IssuerAccount.Entries])
        {
            if (Directory.Exists(Path.Combine(_root, folder)))
            {
                foreach (string path in Directory.EnumerateDirectories(Path.Combine(_root, folder)))
                    found[$"{folder}/{Path.GetFileName(path)}"] = EntryMark.None;
            }
        }

        if (Directory.Exists(Path.Combine(_root, OnDemandNames.Entries)))
        {
            foreach (string path in Directory.EnumerateFiles(Path.Combine(_root, OnDemandNames.Entries), "*" + NameFile))
                found[$"{OnDemandNames.Entries}/{Path.GetFileName(path)}"] = EntryMark.None;
        }

        if (Directory.Exists(Marks))
        {
            foreach (string path in Directory.EnumerateFiles(Marks))
            {
                string entry = Path.GetFileName(path).Replace('~', '/');
                if (IsEntry(entry) && AcmeJsonFile.Read<EntryMark>(path, out _) is { Digest: not null } mark)
                    found[entry] = mark;
            }
        }

        return found;
    }

    /// <summary>The index as it was last heard of; null: never.</summary>
    public (ReplicatedIndex Index, long Generation)? LoadIndex() =>
        AcmeJsonFile.Read<MarkedIndex>(Path.Combine(Marks, IndexMark), out _) is { Index.Entries: not null } marked ? (marked.Index, marked.Generation) : null;

    public void SaveIndex(ReplicatedIndex index, long generation) => AcmeJsonFile.Write(Path.Combine(Marks, IndexMark), new MarkedIndex(generation, index));

    public void SaveMark(string entry, EntryMark mark) => AcmeJsonFile.Write(Path.Combine(Marks, entry.Replace('/', '~')), mark);

    /// <summary>The entry as it is on disk: of a name set the newest certificate, and what an order under way needs.</summary>
    public ReplicatedEntry Read(string entry)
    {
        string path = Path.Combine(_root, entry);
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        if (File.Exists(path))
            files[Path.GetFileName(path)] = File.ReadAllBytes(path);
        else if (Directory.Exists(path))
        {
            string[] all = [.. Directory.EnumerateFiles(path).Where(IsReplicated)];
            long newest = all.Where(file => file.EndsWith(".pem", StringComparison.Ordinal)).Select(GenerationIn).DefaultIfEmpty(0).Max();
            foreach (string file in all.Where(file => GenerationIn(file) is var generation && (generation == 0 || generation >= newest)))
                files[Path.GetFileName(file)] = File.ReadAllBytes(file);
        }

        return new ReplicatedEntry { Files = files };
    }

    /// <summary>Whoever has counted how long nobody asked for a name is gone: it is counted from now.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void TouchNames(DateTimeOffset now)
    {
        string folder = Path.Combine(_root, OnDemandNames.Entries);
        if (!Directory.Exists(folder))
            return;
        foreach (string file in Directory.EnumerateFiles(folder, "*" + NameFile))
            File.SetLastWriteTimeUtc(file, now.UtcDateTime);
    }

    /// <summary>Makes the entry on disk what another node says it is. What was here before the node joined is moved aside.</summary>
    /// <exception cref="IOException">The disk is full, or the folder is none.</exception>
    public void Apply(string entry, ReplicatedEntry content, EntryMark before)
    {
        string path = Path.Combine(_root, entry);
        if (IsOnDemand(entry))
        {
            PrivateFile.MakeFolder(Path.GetDirectoryName(path)!);
            if (content.Files.TryGetValue(Path.GetFileName(path), out byte[]? name))
                PrivateFile.Write(path, name);
            else
                File.Delete(path);
            return;
        }

        if (before.Generation == 0 && Directory.Exists(path))
            MoveAside(path);
        PrivateFile.MakeFolder(path);
        foreach ((string name, byte[] bytes) in content.Files.Where(file => IsName(file.Key) && IsReplicated(file.Key)).OrderBy(file => file.Key == NameSetFolder.RecordFile))
        {
            string file = Path.Combine(path, name);
            if (!File.Exists(file) || !File.ReadAllBytes(file).AsSpan().SequenceEqual(bytes))
                PrivateFile.Write(file, bytes);
        }

        foreach (string gone in Directory.EnumerateFiles(path).Where(IsReplicated).Where(file => !content.Files.ContainsKey(Path.GetFileName(file))).ToArray())
            File.Delete(gone);
    }

    private static bool IsName(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && !name.StartsWith('.');

    private static bool IsReplicated(string file) => Path.GetExtension(file) is ".json" or ".key" or ".pem";

    private static long GenerationIn(string file) => long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out long generation) ? generation : 0;

    private void MoveAside(string path)
    {
        string aside = Path.Combine(_root, "before-cluster", Path.GetFileName(Path.GetDirectoryName(path)!));
        PrivateFile.MakeFolder(aside);
        string moved = Path.Combine(aside, Path.GetFileName(path));
        for (int number = 2; Directory.Exists(moved); number++)
            moved = Path.Combine(aside, $"{Path.GetFileName(path)}.{number.ToString(CultureInfo.InvariantCulture)}");
        Directory.Move(path, moved);
    }

    private sealed record MarkedIndex(long Generation, ReplicatedIndex Index);
}
