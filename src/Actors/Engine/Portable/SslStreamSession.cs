using System.Net.Security;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Actors443.Engine.Portable;

/// <summary>
/// Whether SslStream resumed a session. There is no public API in .NET 10; on Linux the OpenSSL handle inside is asked. If a later runtime keeps
/// it elsewhere, the answer becomes "not known" and nothing else changes.
/// </summary>
internal static partial class SslStreamSession
{
    private static readonly FieldInfo? SecurityContext = OperatingSystem.IsLinux()
        ? typeof(SslStream).GetField("_securityContext", BindingFlags.NonPublic | BindingFlags.Instance)
        : null;

    private static readonly bool Available = SecurityContext is not null && typeof(SafeHandle).IsAssignableFrom(SecurityContext.FieldType)
        && NativeLibrary.TryLoad("libssl.so.3", out nint library) && NativeLibrary.TryGetExport(library, "SSL_session_reused", out _);

    public static bool? WasResumed(SslStream stream)
    {
        if (!Available || SecurityContext!.GetValue(stream) is not SafeHandle { IsInvalid: false, IsClosed: false } handle)
            return null;
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            return SSL_session_reused(handle.DangerousGetHandle()) != 0;
        }
        finally
        {
            if (held)
                handle.DangerousRelease();
        }
    }

    [LibraryImport("libssl.so.3")]
    private static partial int SSL_session_reused(nint ssl);
}
