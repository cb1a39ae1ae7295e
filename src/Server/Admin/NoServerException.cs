using System.Net;

namespace Actors443.Server.Admin;

/// <summary>Nobody listens where the admin server should be.</summary>
internal sealed class NoServerException(IPEndPoint endPoint, Exception cause)
    : AdminException($"no server answers on {endPoint}; start it with 'actors443 run', or name the configuration files of the one that runs", cause);
