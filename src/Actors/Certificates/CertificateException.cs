namespace Actors443.Certificates;

/// <summary>A certificate that cannot be served. The message is one line that names the file and the fix.</summary>
public sealed class CertificateException(string message, Exception? cause = null) : Exception(message, cause);
