using Actors443.Server.Configuration;

namespace Actors443.Server.Cli.Doctor;

/// <summary>Can the state directory be used, and by nobody else?</summary>
internal static class StateChecks
{
    private const long LittleSpace = 100L << 20;
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode NotOwner = Others | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    public static IEnumerable<Finding> Look(ServerSettings settings, DateTimeOffset now)
    {
        string folder = settings.Core.StateDirectory;
        if (!Directory.Exists(folder))
        {
            yield return LookAtParent(folder);
            yield break;
        }

        if (!MayWrite(folder))
        {
            yield return Finding.Problem("state", $"{folder} cannot be written to: certificates, tokens and tickets would be lost", $"run this as the user the server runs as, or 'chown -R USER {folder}'");
            yield break;
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & Others) != 0)
            yield return Finding.Warning("state", $"{folder} is open to other users", $"chmod 0700 {folder}");
        foreach (string key in Keys(folder).Where(IsOpen).Take(3))
            yield return Finding.Problem("state", $"the private key {key} can be read by others", $"chmod 0600 {key}; if others may have read it, have the certificate issued anew");
        if (Files(folder).FirstOrDefault(file => File.GetLastWriteTimeUtc(file) > now.UtcDateTime.AddMinutes(5)) is { } future)
            yield return Finding.Warning("clock", $"{future} is of {File.GetLastWriteTimeUtc(future):yyyy-MM-dd HH:mm}Z, which is to come: the clock was wrong then or is now", "date -u; correct the clock");
        long free = new DriveInfo(folder).AvailableFreeSpace;
        yield return free < LittleSpace
            ? Finding.Warning("state", $"{HumanText.Bytes(free)} are left on the disk of {folder}", "make room: certificates could not be kept, nor the access log written")
            : Finding.Good("state", $"{folder}, {HumanText.Bytes(free)} free");
    }

    private static Finding LookAtParent(string folder)
    {
        string? parent = Path.GetDirectoryName(folder);
        while (parent is not null && !Path.Exists(parent))
            parent = Path.GetDirectoryName(parent);
        return parent is not null && MayWrite(parent)
            ? Finding.Good("state", $"{folder} will be made at the first start")
            : Finding.Problem("state", $"{folder} does not exist, and this user may not make it", $"install -d -m 0700 -o USER {folder}, or set actors443.state-directory");
    }

    private static bool MayWrite(string folder)
    {
        string probe = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
        try
        {
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return true;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Keys(string folder) => Files(folder).Where(file => Path.GetExtension(file) is ".key" or ".pfx" || Path.GetFileName(file) == "admin-token");

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true });

    private static bool IsOpen(string file) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & NotOwner) != 0;
}
