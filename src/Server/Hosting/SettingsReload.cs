using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.AccessLogs;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;
using Actors443.Server.Telemetry;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Hosting;

namespace Actors443.Server.Hosting;

/// <summary>Applies changed files to the running server: all of what is live in them, or, if anything in them is bad, nothing. One reload at a time.</summary>
internal sealed class SettingsReload(
    ServerStart start,
    IRequiredActor<Actors443Supervisor> supervisor,
    SiteDirectory sites,
    AccessLog accessLog,
    LogLevels logLevels,
    TimeProvider time,
    ILoggerFactory loggers) : IDisposable
{
    private static readonly TimeSpan ApplyWithin = TimeSpan.FromMinutes(1);

    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Configuration);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private ServerSettings _running = start.Settings;

    /// <summary>Reloads when the files change, until disposed.</summary>
    public SettingsFileWatcher Watch() =>
        new(start.Loaded, start.Reload, ApplyAsync, time, _log);

    /// <summary>SIGHUP: reads the files again, changed or not, and reopens the access log.</summary>
    public Task ReloadAsync(CancellationToken cancellationToken)
    {
        accessLog.Reopen();
        return ApplyAsync(start.Reload());
    }

    public void Dispose() => _turn.Dispose();

    private async Task ApplyAsync(LoadedSettings loaded)
    {
        await _turn.WaitAsync();
        try
        {
            foreach (SettingsProblem problem in loaded.Problems)
                _log.SettingsProblem(problem.ToString());
            if (loaded.Settings is null)
            {
                _log.ReloadRefused();
                return;
            }

            SettingsChange change = SettingsChange.Between(_running, loaded.Settings);
            if (!change.IsEmpty)
                await ApplyAsync(change);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ApplyAsync(SettingsChange change)
    {
        ServerSettings settings = change.Applicable;
        // A certificate newly named must be good; one that was served before may have gone bad on its own, which is no reason to refuse the rest.
        if (change.LiveKeys.Any(IsAboutCertificates))
        {
            DateTimeOffset now = time.GetUtcNow();
            string[] problems = [.. CertificateCheck.Run(settings.Core.Certificates, now).Problems.Except(CertificateCheck.Run(_running.Core.Certificates, now).Problems)];
            if (problems.Length > 0)
            {
                foreach (string problem in problems)
                    _log.SettingsProblem(problem);
                _log.ReloadRefused();
                return;
            }
        }

        await sites.ApplyAsync(settings.Sites, CancellationToken.None);
        IActorRef root = await supervisor.GetAsync();
        SettingsApplied applied = await root.Ask<SettingsApplied>(new ApplySettings(settings.Core), ApplyWithin);
        foreach (string problem in applied.Problems)
            _log.SettingsProblem(problem);
        await accessLog.ApplyAsync(settings.AccessLog);
        logLevels.Apply(settings.Log);
        _running = settings;
        if (change.LiveKeys.Count > 0)
            _log.Reloaded(string.Join(", ", change.LiveKeys));
        if (change.RestartKeys.Count > 0)
            _log.RestartNeeded(string.Join(", ", change.RestartKeys));
    }

    private static bool IsAboutCertificates(string key) =>
        key.StartsWith("actors443.certificates", StringComparison.Ordinal) || key.StartsWith("actors443.sites", StringComparison.Ordinal);
}
