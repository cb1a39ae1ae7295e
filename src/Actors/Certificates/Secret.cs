namespace Actors443.Certificates;

/// <summary>Passwords in settings: literal, <c>file:PATH</c> (first line) or <c>env:NAME</c>.</summary>
internal static class Secret
{
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
}
