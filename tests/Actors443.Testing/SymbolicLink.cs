using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Actors443.Testing;

/// <summary>Links to folders as Kubernetes sets them.</summary>
public static class SymbolicLink
{
    /// <summary>Points a link to a folder, in one step if it is there already: <c>symlink</c> aside and <c>rename</c>, which .NET does not do to links to folders.</summary>
    public static void Point(string path, string target)
    {
        string aside = path + "_tmp";
        Directory.CreateSymbolicLink(aside, target);
        if (Rename(Encoding.UTF8.GetBytes(aside + '\0'), Encoding.UTF8.GetBytes(path + '\0')) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Rename(byte[] from, byte[] to);
}
