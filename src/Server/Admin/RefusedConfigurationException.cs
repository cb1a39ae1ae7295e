namespace Actors443.Server.Admin;

/// <summary>The server refuses a configuration.</summary>
/// <param name="message">That it does.</param>
/// <param name="problems">Why, one line each.</param>
internal sealed class RefusedConfigurationException(string message, IReadOnlyList<string> problems) : AdminException(message)
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
