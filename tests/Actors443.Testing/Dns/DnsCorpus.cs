using System.Globalization;

namespace Actors443.Testing.Dns;

/// <summary>One message of <c>tests/corpus/dns</c>.</summary>
/// <param name="Name">What is odd about it.</param>
/// <param name="Expected">What a client gets: a response code, or 400 where there is nothing to say in DNS.</param>
/// <param name="Bytes">Whole.</param>
public sealed record DnsCorpusMessage(string Name, string Expected, byte[] Bytes);

/// <summary>Messages that are not as they should be, each with what a client gets for it.</summary>
public static class DnsCorpus
{
    /// <summary>Reads a file of lines <c>expected | name | hex</c>; <c>00*200</c> is 200 times that byte.</summary>
    public static IReadOnlyList<DnsCorpusMessage> Read(string file)
    {
        string path = Path.Combine(Repository.Folder, "tests", "corpus", "dns", file);
        return
        [
            .. File.ReadLines(path).Where(line => line.Length > 0 && !line.StartsWith('#')).Select(line =>
            {
                string[] parts = line.Split('|', StringSplitOptions.TrimEntries);
                return new DnsCorpusMessage(parts[1], parts[0], Bytes(parts[2]));
            }),
        ];
    }

    private static byte[] Bytes(string written) =>
    [
        .. written.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(part =>
        {
            string[] repeated = part.Split('*');
            byte[] bytes = Convert.FromHexString(repeated[0]);
            int count = repeated.Length > 1 ? int.Parse(repeated[1], CultureInfo.InvariantCulture) : 1;
            return Enumerable.Repeat(bytes, count).SelectMany(one => one);
        }),
    ];
}
