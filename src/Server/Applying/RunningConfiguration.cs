using Actors443.Server.Configuration;

namespace Actors443.Server.Applying;

/// <summary>The settings in force and how they came to be. Immutable; each that is applied makes the next.</summary>
/// <param name="Generation">1 at the start, one more for each that changed something.</param>
/// <param name="Settings">Those in force: what waits for a restart is not in them.</param>
/// <param name="Fingerprint">The same for the same settings.</param>
/// <param name="Since">When they were applied.</param>
/// <param name="By">Who did.</param>
internal sealed record RunningConfiguration(long Generation, ServerSettings Settings, string Fingerprint, DateTimeOffset Since, string By)
{
    /// <summary>Tells it from every other, before and after (RFC 9110 8.8.3).</summary>
    public string Version => $"{Generation}-{Fingerprint}";

    public static RunningConfiguration First(ServerSettings settings, DateTimeOffset now) => new(1, settings, SettingsKeys.FingerprintOf(settings), now, "start");

    public RunningConfiguration Next(ServerSettings settings, DateTimeOffset now, string by) => new(Generation + 1, settings, SettingsKeys.FingerprintOf(settings), now, by);
}
