using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Actors443.Certificates;
using Actors443.Server.Configuration;

namespace Actors443.Server.Admin.Access;

/// <summary>
/// The secret that the admin API asks for: 32 random bytes as base64url in a file that only the server's user can read. Made at the
/// first start and kept, so that scripts can hold on to it; a deleted file is made anew. Immutable.
/// </summary>
internal sealed class AdminToken
{
    private const int Bytes = 32;
    private const int ShortestText = 32;

    private readonly byte[] _hash;

    private AdminToken(string text, string path)
    {
        Text = text;
        Path = path;
        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
    }

    public string Text { get; }

    public string Path { get; }

    /// <summary>What it is called where the token itself must not be: the beginning of its SHA-256.</summary>
    public string Id => Convert.ToHexStringLower(_hash.AsSpan(0, 4));

    /// <summary>Where the settings put it.</summary>
    public static string PathFor(ServerSettings settings) =>
        settings.Admin.TokenFile ?? System.IO.Path.Combine(settings.Core.StateDirectory, "admin-token");

    /// <summary>The token of the file, which is made if there is none.</summary>
    /// <exception cref="AdminException">The file cannot be read or made, can be read by others, or holds no token.</exception>
    public static AdminToken ReadOrCreate(string path)
    {
        try
        {
            if (!File.Exists(path))
                Create(path);
            return Read(path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new AdminException($"cannot read or make the admin token {path}: {cause.Message} Make its folder writable, or set actors443.admin.token-file", cause);
        }
    }

    /// <summary>The token of the file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">This user cannot read it.</exception>
    /// <exception cref="AdminException">It can be read by others, or holds no token.</exception>
    public static AdminToken Read(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~PrivateFile.OwnerOnly) is not 0 and UnixFileMode mode)
        {
            throw new AdminException($"the admin token {path} is open to others ({Describe(mode)}); delete it to have a new one made, or chmod 600 it if nobody has read it");
        }

        string text = File.ReadAllText(path).Trim();
        return text.Length >= ShortestText && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c))
            ? new AdminToken(text, path)
            : throw new AdminException($"{path} holds no admin token (at least {ShortestText} characters without blanks); delete it to have a new one made");
    }

    /// <summary>Whether <paramref name="presented"/> is the token. Takes the same time wherever they differ.</summary>
    public bool Matches(string presented) =>
        CryptographicOperations.FixedTimeEquals(_hash, SHA256.HashData(Encoding.UTF8.GetBytes(presented)));

    private static void Create(string path)
    {
        PrivateFile.MakeFolder(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        PrivateFile.Write(path, Encoding.ASCII.GetBytes(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes)) + "\n"));
    }

    private static string Describe(UnixFileMode extra) => string.Join(", ", Enum.GetValues<UnixFileMode>().Where(bit => bit != 0 && extra.HasFlag(bit)));
}
