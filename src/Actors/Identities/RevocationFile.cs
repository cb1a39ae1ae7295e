using System.Security.Cryptography;
using System.Text;
using Actors443.Certificates;

namespace Actors443.Identities;

/// <summary>What is revoked, on disk: a fact in JSON a line, and a last line by which it is known to be whole. Used by one thread at a time.</summary>
/// <param name="stateDirectory">Where it is.</param>
internal sealed class RevocationFile(string stateDirectory)
{
    private const string SumPrefix = "sha256:";

    public string Path { get; } = System.IO.Path.Combine(stateDirectory, "revoked");

    /// <summary>What is in it; nothing if it is not there.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message says what to do.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is somebody else's.</exception>
    public IReadOnlyList<RevocationFact> Read()
    {
        if (!File.Exists(Path))
            return [];
        string[] lines = File.ReadAllLines(Path);
        var facts = new List<RevocationFact>(lines.Length);
        for (int number = 0; number < lines.Length - 1; number++)
            facts.Add(RevocationFact.TryDecode(lines[number], out RevocationFact? fact) ? fact : throw Damaged($"line {number + 1} is none that was written"));
        if (lines.Length == 0 || lines[^1] != SumOf(lines[..^1]))
            throw Damaged("its end is missing or something was changed");
        return facts;
    }

    /// <exception cref="IOException">The disk is full, or the folder is none.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is somebody else's.</exception>
    public void Write(IEnumerable<RevocationFact> facts)
    {
        string[] lines = [.. facts.Select(fact => fact.Encode())];
        PrivateFile.MakeFolder(stateDirectory);
        PrivateFile.Write(Path, Encoding.UTF8.GetBytes(string.Concat(lines.Append(SumOf(lines)).Select(line => line + "\n"))));
    }

    private static string SumOf(string[] lines) => SumPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));

    private InvalidDataException Damaged(string what) =>
        new($"{Path} is damaged: {what}. It says who is revoked; restore it from a copy, or remove it and revoke again with 'actors443 revoke'.");
}
