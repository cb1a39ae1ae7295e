using Actors443.Server.Configuration;

namespace Actors443.Server.Admin.Access;

/// <summary>Who may come in to the admin server, and by what.</summary>
internal sealed class AdminAccess : IDisposable
{
    private AdminAccess(AdminToken token, AdminTls? tls, string? socketPath, AdminSocket? socket)
    {
        Token = token;
        Tls = tls;
        SocketPath = socketPath;
        Socket = socket;
    }

    public AdminToken Token { get; }

    /// <summary>Null: plain HTTP.</summary>
    public AdminTls? Tls { get; }

    /// <summary>Null: there is no socket.</summary>
    public string? SocketPath { get; }

    /// <summary>Null: there is none.</summary>
    public AdminSocket? Socket { get; }

    /// <exception cref="AdminException">A file cannot be used, or another server has the socket.</exception>
    public static AdminAccess Open(ServerSettings settings)
    {
        var token = AdminToken.ReadOrCreate(AdminToken.PathFor(settings));
        AdminTls? tls = settings.Admin.Tls is { } wanted ? AdminTls.Load(wanted) : null;
        string? path = AdminSocket.PathFor(settings);
        return new AdminAccess(token, tls, path, path is null ? null : AdminSocket.At(path));
    }

    public void Dispose()
    {
        Socket?.Dispose();
        Tls?.Dispose();
    }
}
