namespace Actors443.Server.Hosting.Upgrades;

/// <summary>The server cannot be replaced now, and goes on serving. The message says why and what to do.</summary>
internal sealed class UpgradeException(string message, Exception? cause = null) : Exception(message, cause);
