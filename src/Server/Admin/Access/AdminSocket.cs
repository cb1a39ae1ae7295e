using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Actors443.Certificates;
using Actors443.Server.Configuration;
using Actors443.Server.Hosting;

namespace Actors443.Server.Admin.Access;

/// <summary>
/// The Unix socket of the admin server: bound beside its name, given mode 0600, then moved there, so that nobody finds it before it is closed to others, and none that a killed server has
/// left is in the way.
/// </summary>
internal sealed class AdminSocket : IDisposable
{
    /// <summary>sun_path of unix(7), without its end, and room for the name it is bound by.</summary>
    public const int LongestPath = 106;

    private readonly string _path;
    private bool _isLeft;

    private AdminSocket(string path) => _path = path;

    /// <summary>What to bind.</summary>
    public string BoundAs => _path + "~";

    /// <summary>Where the settings put it; null: there is none.</summary>
    public static string? PathFor(ServerSettings settings)
    {
        if (!settings.Admin.Enabled || !settings.Admin.UseUnixSocket || !OperatingSystem.IsLinux())
            return null;
        string path = settings.Admin.UnixSocket ?? Path.Combine(settings.Core.StateDirectory, "admin.sock");
        // Named by the user, it is an error; else the token does as well.
        return settings.Admin.UnixSocket is null && Encoding.UTF8.GetByteCount(path) > LongestPath ? null : path;
    }

    /// <summary>Makes room for it.</summary>
    /// <exception cref="AdminException">Another server listens there, or its folder cannot be used.</exception>
    public static AdminSocket At(string path)
    {
        var socket = new AdminSocket(path);
        if (ListenerOf(path) is { } listener && listener != ParentProcess())
            throw new AdminException($"another server listens on {path} for its admin server; stop it, or set actors443.admin.unix-socket or actors443.state-directory to another path");
        try
        {
            PrivateFile.MakeFolder(Path.GetDirectoryName(path)!);
            File.Delete(socket.BoundAs);
            return socket;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new AdminException($"cannot use {path} for the admin server: {cause.Message} Make its folder writable, or set actors443.admin.unix-socket = off", cause);
        }
    }

    /// <summary>It is bound: from here on it has its mode and its name.</summary>
    public void Publish()
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(BoundAs, PrivateFile.OwnerOnly);
        File.Move(BoundAs, _path, overwrite: true);
    }

    /// <summary>The name is another process's from now on.</summary>
    public void Leave() => _isLeft = true;

    public void Dispose()
    {
        if (_isLeft)
            return;
        File.Delete(_path);
        File.Delete(BoundAs);
    }

    /// <summary>Connects to it; null: nobody listens there, or this user may not.</summary>
    public static async ValueTask<Socket?> TryConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Null: nobody.
    private static int? ListenerOf(string path)
    {
        if (!File.Exists(path))
            return null;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return PeerCredentials.Of(socket).ProcessId;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    // Which this one may be about to replace.
    private static int ParentProcess() => int.Parse(OwnProcess.StatusOf("PPid")[0], CultureInfo.InvariantCulture);
}
