using System.Net;

namespace Actors443.Acme.OnDemand;

/// <summary>Somebody who says for which names a certificate may be had. Thread-safe.</summary>
internal interface ICertificatePermission
{
    /// <exception cref="PermissionException">Nobody could be asked; the message says why.</exception>
    Task<CertificatePermission> AskAsync(string name, IPAddress? client, CancellationToken stop);
}

/// <summary>Whoever gives permission cannot be asked.</summary>
internal sealed class PermissionException(string message, Exception? cause = null) : Exception(message, cause);
