using Actors443.Configuration;
using Actors443.Configuration.Reading;
using Actors443.Server.AccessLogs;
using Actors443.Server.Admin.Audit;
using Actors443.Server.Applying;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Actors443.Telemetry;

namespace Actors443.Server.Hosting;

/// <summary>Puts the server's own files in force again, when they have changed or SIGHUP says so.</summary>
internal sealed class SettingsReload(ServerStart start, ConfigurationApplier applier, AccessLog accessLog, AuditLog audit, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Configuration);

    /// <summary>Reloads when the files change, until disposed.</summary>
    public SettingsFileWatcher Watch() =>
        new(start.Loaded, start.Reload, loaded => ApplyAsync(loaded, "a changed file"), time, _log);

    /// <summary>SIGHUP: reads the files again, changed or not, and reopens the access log.</summary>
    public Task ReloadAsync(CancellationToken cancellationToken)
    {
        accessLog.Reopen();
        return ApplyAsync(applier.LoadAgain(), "SIGHUP");
    }

    private async Task ApplyAsync(LoadedSettings loaded, string by)
    {
        foreach (SettingsProblem problem in loaded.Problems)
            _log.SettingsProblem(problem.ToString());
        Commit? commit;
        Preparation preparation;
        do
        {
            preparation = await applier.PrepareAsync(loaded, CancellationToken.None);
            foreach (string problem in loaded.Settings is null ? [] : preparation.Problems)
                _log.SettingsProblem(problem);
            commit = preparation.Prepared is { } prepared ? await applier.CommitAsync(prepared, by) : null;
        }
        // Files are the last word, whatever was applied meanwhile.
        while (commit?.Outcome == CommitOutcome.Superseded);
        if (commit is null or { Outcome: CommitOutcome.Failed })
            _log.ReloadRefused();
        if (commit is null or { Outcome: not CommitOutcome.Unchanged })
            audit.Add(by, null, "the configuration", commit is null ? "refused" : SettingsValueTypes.NameOf(commit.Outcome), commit is null ? string.Join("; ", preparation.Problems) : commit.Describe(preparation.Prepared!));
    }
}
