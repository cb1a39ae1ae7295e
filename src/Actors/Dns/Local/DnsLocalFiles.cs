using System.Net;
using Actors443.Configuration;
using Actors443.Dns.Cache;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Local;

/// <summary>Reads hosts files and block lists. Lines that cannot be used are passed over and told.</summary>
internal static class DnsLocalFiles
{
    private const int MostProblems = 10;

    /// <summary>Differs once a file does.</summary>
    public static string StampOf(DnsSettings settings) =>
        string.Join('|', settings.Hosts.Concat(settings.Block.Lists).Select(path => new FileInfo(path) is { Exists: true } file ? $"{file.LastWriteTimeUtc.Ticks}:{file.Length}" : "none"));

    /// <param name="settings">Name the files.</param>
    /// <param name="problems">One line for each thing that is wrong, and not too many.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static DnsLocalData Read(DnsSettings settings, List<string> problems)
    {
        if (settings.Hosts.Count == 0 && settings.Block.Lists.Count == 0)
            return DnsLocalData.None;
        var records = new Dictionary<byte[], List<(DnsType, byte[])>>(DnsCacheKey.Comparer.Instance);
        foreach (string path in settings.Hosts)
            ReadHosts(path, records, problems);
        var blocked = new HashSet<byte[]>(DnsCacheKey.Comparer.Instance);
        foreach (string path in settings.Block.Lists)
            ReadList(path, blocked, problems);
        return new DnsLocalData(
            records.ToDictionary(name => name.Key, name => new LocalName(name.Key, name.Value), (IEqualityComparer<byte[]>)DnsCacheKey.Comparer.Instance), blocked, settings.Block.Answer);
    }

    // As /etc/hosts: an address, then its names; the first is what the address is called.
    private static void ReadHosts(string path, Dictionary<byte[], List<(DnsType, byte[])>> records, List<string> problems)
    {
        foreach ((int number, string[] words) in Lines(path))
        {
            if (!IPAddress.TryParse(words[0], out IPAddress? address) || words.Length < 2)
            {
                Tell(problems, path, number, "is not an address with names; write 192.0.2.1 www.example.com");
                continue;
            }

            DnsType type = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? DnsType.Aaaa : DnsType.A;
            byte[]? first = null;
            foreach (string word in words.Skip(1))
            {
                if (Name(word, path, number, problems) is not { } name)
                    continue;
                first ??= name;
                Add(records, name, type, address.GetAddressBytes());
            }

            if (first is not null)
                Add(records, DnsName.Parse(ReverseName.Of(address)), DnsType.Ptr, first);
        }
    }

    // A name a line, or lines of a hosts file whose addresses lead nowhere.
    private static void ReadList(string path, HashSet<byte[]> blocked, List<string> problems)
    {
        foreach ((int number, string[] words) in Lines(path))
        {
            foreach (string word in IPAddress.TryParse(words[0], out _) ? words.Skip(1) : words)
            {
                // Lists in this form name the machine itself as well.
                if (word is "localhost" or "localhost.localdomain" or "local" or "broadcasthost" || word.StartsWith("ip6-", StringComparison.Ordinal))
                    continue;
                if (Name(word.StartsWith("*.", StringComparison.Ordinal) ? word[2..] : word, path, number, problems) is { Length: > 1 } name)
                    blocked.Add(name);
            }
        }
    }

    private static IEnumerable<(int Number, string[] Words)> Lines(string path)
    {
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            int comment = line.IndexOf('#', StringComparison.Ordinal);
            string[] words = (comment < 0 ? line : line[..comment]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0)
                yield return (number, words);
        }
    }

    private static byte[]? Name(string word, string path, int number, List<string> problems)
    {
        try
        {
            return DnsName.Parse(word);
        }
        catch (DnsNameException problem)
        {
            Tell(problems, path, number, problem.Message);
            return null;
        }
    }

    private static void Add(Dictionary<byte[], List<(DnsType, byte[])>> records, byte[] name, DnsType type, byte[] data)
    {
        if (!records.TryGetValue(name, out List<(DnsType, byte[])>? known))
            records.Add(name, known = []);
        known.Add((type, data));
    }

    private static void Tell(List<string> problems, string path, int number, string problem)
    {
        if (problems.Count < MostProblems)
            problems.Add($"{path}:{number}: {problem}");
    }
}
