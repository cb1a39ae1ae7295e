using Actors443.Certificates;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Server.AccessLogs;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;
using Actors443.Server.Telemetry;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Hosting;

namespace Actors443.Server.Applying;

/// <summary>
/// Puts other settings in force while the server serves, in two steps: <see cref="PrepareAsync"/> finds out whether they could be and changes nothing;
/// <see cref="CommitAsync"/> puts all of what is live in them in force, or, if a part of them fails all the same, nothing. Thread-safe; one commit at a time.
/// </summary>
internal sealed class ConfigurationApplier(
    ServerStart start,
    IRequiredActor<Actors443Supervisor> supervisor,
    SiteDirectory sites,
    AccessLog accessLog,
    LogLevels logLevels,
    TimeProvider time,
    ILoggerFactory loggers) : IDisposable
{
    private static readonly TimeSpan CheckWithin = TimeSpan.FromSeconds(30);

    // A hundred thousand certificates take a minute on two cores.
    private static readonly TimeSpan ApplyWithin = TimeSpan.FromMinutes(10);

    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Configuration);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile RunningConfiguration _running = RunningConfiguration.First(start.Settings, time.GetUtcNow());

    /// <summary>What is in force.</summary>
    public RunningConfiguration Running => _running;

    /// <summary>The files the server was started with, read again: what SIGHUP would put in force.</summary>
    public LoadedSettings LoadAgain() => start.Reload();

    /// <summary>Other files as the server would read them, with the overrides it was started with.</summary>
    public LoadedSettings Load(ConfigurationCandidate candidate) => candidate.Load(start.Overrides);

    /// <summary>Whether these settings could be put in force. Changes nothing, and makes whatever can fail to be made.</summary>
    public async Task<Preparation> PrepareAsync(LoadedSettings loaded, CancellationToken cancellationToken)
    {
        if (loaded.Settings is null)
            return Preparation.Refuse([.. loaded.Problems.Select(problem => problem.ToString())]);
        RunningConfiguration running = _running;
        var change = SettingsChange.Between(running.Settings, loaded.Settings);
        ServerSettings settings = change.Applicable;
        List<string> problems = [.. CertificateProblems(running.Settings, change)];
        PreparedSites? built = null;
        try
        {
            built = await sites.PrepareAsync(settings.Sites, cancellationToken);
            AccessLog.Check(settings.AccessLog, running.Settings.AccessLog);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or InvalidOperationException or ArgumentException)
        {
            problems.Add(cause.Message);
        }

        IActorRef root = await supervisor.GetAsync(cancellationToken);
        problems.AddRange((await root.Ask<SettingsChecked>(new CheckSettings(settings.Core), CheckWithin, cancellationToken)).Problems);
        return problems.Count > 0
            ? new Preparation(null, problems)
            : new Preparation(
                new PreparedConfiguration(running, loaded.Settings, change, built!, ConcernedConnections.Between(running.Settings, settings), [.. loaded.Warnings.Select(warning => warning.ToString())]), []);
    }

    /// <summary>Puts prepared settings in force, if what ran when they were prepared still runs.</summary>
    /// <param name="prepared">By <see cref="PrepareAsync"/>.</param>
    /// <param name="by">Who wants it, for people.</param>
    public async Task<Commit> CommitAsync(PreparedConfiguration prepared, string by)
    {
        await _turn.WaitAsync();
        try
        {
            if (!ReferenceEquals(prepared.BasedOn, _running))
                return new Commit(CommitOutcome.Superseded, _running, [$"the configuration has changed since: generation {_running.Generation} of {_running.By} runs"]);
            SettingsChange change = prepared.Change;
            if (change.RestartKeys.Count > 0)
                _log.RestartNeeded(string.Join(", ", change.RestartKeys));
            if (change.LiveKeys.Count == 0)
                return new Commit(CommitOutcome.Unchanged, _running, []);
            return await CommitInTurnAsync(prepared, by);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<Commit> CommitInTurnAsync(PreparedConfiguration prepared, string by)
    {
        ServerSettings former = _running.Settings;
        ServerSettings settings = prepared.Change.Applicable;
        IReadOnlyList<string> certificates;
        try
        {
            certificates = await PutInForceAsync(settings, prepared.Sites);
        }
        catch (Exception cause)
        {
            _log.ApplyFailed(cause, cause.Message);
            return new Commit(CommitOutcome.Failed, _running, [cause.Message, .. await TakeBackAsync(former)]);
        }

        foreach (string problem in certificates)
            _log.SettingsProblem(problem);
        _running = _running.Next(settings, time.GetUtcNow(), by);
        int drained = await DrainAsync(prepared.Concerned);
        _log.Reloaded(string.Join(", ", prepared.Change.LiveKeys), _running.Generation, by, drained);
        return new Commit(CommitOutcome.Applied, _running, certificates, drained);
    }

    private async Task<IReadOnlyList<string>> PutInForceAsync(ServerSettings settings, PreparedSites built)
    {
        await sites.CommitAsync(built, CancellationToken.None);
        IActorRef root = await supervisor.GetAsync();
        SettingsApplied applied = await root.Ask<SettingsApplied>(new ApplySettings(settings.Core), ApplyWithin);
        if (!applied.InForce)
            throw new InvalidOperationException(string.Join(" ", applied.Problems));
        await accessLog.ApplyAsync(settings.AccessLog);
        logLevels.Apply(settings.Log);
        return applied.Problems;
    }

    // Answers what could not be taken back.
    private async Task<IReadOnlyList<string>> TakeBackAsync(ServerSettings former)
    {
        try
        {
            await PutInForceAsync(former, await sites.PrepareAsync(former.Sites, CancellationToken.None));
            return [];
        }
        catch (Exception cause)
        {
            _log.TakeBackFailed(cause);
            return [$"and the former configuration could not be put back whole: {cause.Message}; restart the server"];
        }
    }

    private async Task<int> DrainAsync(ConcernedConnections concerned)
    {
        if (concerned.IsNone)
            return 0;
        IActorRef root = await supervisor.GetAsync();
        return await root.Ask<int>(new TellConnections(ConnectionFilter.Of("what they hung on is gone", concerned.Includes), new Drain()), CheckWithin);
    }

    // A certificate newly named must be good; one that was served before may have gone bad on its own, which is no reason to refuse the rest.
    private IEnumerable<string> CertificateProblems(ServerSettings running, SettingsChange change)
    {
        if (ReferenceEquals(running.Core.Certificates, change.Applicable.Core.Certificates))
            return [];
        DateTimeOffset now = time.GetUtcNow();
        return CertificateCheck.Run(change.Applicable.Core.Certificates, now).Problems.Except(CertificateCheck.Run(running.Core.Certificates, now).Problems);
    }
}
