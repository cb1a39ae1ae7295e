namespace Actors443.Server.Admin;

/// <summary>One process has taken the place of another.</summary>
/// <param name="Before">Number of the process that lets its connections go and ends.</param>
/// <param name="Now">Of the one that serves.</param>
/// <param name="Connections">How many the one before had when it was asked.</param>
/// <param name="DrainDeadlineSeconds">Until when they must have gone.</param>
internal sealed record UpgradeReport(int Before, int Now, int Connections, double DrainDeadlineSeconds);
