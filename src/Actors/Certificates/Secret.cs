using System.Text;

namespace Actors443.Certificates;

/// <summary>Passwords and secrets in settings: literal, <c>file:PATH</c> (first line) or <c>env:NAME</c>.</summary>
internal static class Secret
{
    /// <summary>Bytes a secret that servers share must have at least.</summary>
    public const int SharedLength = 32;

    /// <exception cref="CertificateException">The file or variable is not there.</exception>
    public static string? Resolve(string? setting)
    {
        if (setting is null)
            return null;
        if (setting.StartsWith("env:", StringComparison.Ordinal))
        {
            return Environment.GetEnvironmentVariable(setting[4..])
                ?? throw new CertificateException($"password = \"{setting}\": the environment has no {setting[4..]}; set it or name another.");
        }

        if (!setting.StartsWith("file:", StringComparison.Ordinal))
            return setting;
        try
        {
            return File.ReadLines(setting[5..]).FirstOrDefault() ?? string.Empty;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"password = \"{setting}\": cannot be read ({cause.Message}); name a readable file.", cause);
        }
    }

    /// <summary>A secret that servers share. Zero it after use.</summary>
    /// <param name="setting">As written.</param>
    /// <param name="name">Of the setting, for messages.</param>
    /// <exception cref="CertificateException">It cannot be read or is too short.</exception>
    public static byte[] ResolveShared(string setting, string name)
    {
        byte[] secret = Encoding.UTF8.GetBytes(Resolve(setting)!);
        return secret.Length >= SharedLength
            ? secret
            : throw new CertificateException($"{name} is shorter than {SharedLength} bytes; write one that cannot be guessed (openssl rand -base64 48).");
    }
}
