using System.Security.Cryptography;
using System.Text.Json;

namespace Actors443.Server.Admin;

/// <summary>The version of what has no number of its own: a hash of how it is told.</summary>
internal static class ContentVersion
{
    public static string Of<T>(T content) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(content, AdminJson.Options)).AsSpan(0, 8));
}
