namespace Actors443.Certificates;

/// <summary>The outcome of a look at the certificate files.</summary>
/// <param name="Certificates">To be served, in the order of the settings; each once.</param>
/// <param name="Problems">What is bad now.</param>
internal sealed record FileScan(IReadOnlyList<ServerCertificate> Certificates, IReadOnlyList<FileProblem> Problems);

/// <summary>One thing that is bad about certificate files.</summary>
/// <param name="Message">One line that names the file and the fix.</param>
/// <param name="Since">When it was seen first in the files as they are now.</param>
/// <param name="IsGone">The file has vanished, and what it held is served.</param>
internal sealed record FileProblem(string Message, DateTimeOffset Since, bool IsGone);
