using Actors443.Configuration;
using Actors443.Configuration.Reading;
using Actors443.Listening;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Connections.Draining;

/// <summary>Lets the connections of a server go step by step. One use.</summary>
/// <param name="environment">The server.</param>
/// <param name="listeners">Its <see cref="ListenerSupervisor"/>.</param>
/// <param name="credit">How many connections the other nodes can take now; null: there are none to say so.</param>
internal sealed class PacedDrain(ServerEnvironment environment, IActorRef listeners, Func<Task<long?>> credit)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    private readonly DrainSettings _settings = environment.Settings.Drain;
    private readonly ILogger _log = environment.Loggers.CreateLogger(LogCategories.Connections);
    private readonly long _began = environment.Time.GetTimestamp();
    private readonly DateTimeOffset _ends = environment.Time.GetUtcNow() + environment.Settings.Drain.Deadline;
    private int _held;
    private int _letGo;

    /// <summary>Completes when all connections were told to end; they need not have ended.</summary>
    public async Task LetAllGoAsync()
    {
        try
        {
            await LetGoInStepsAsync();
        }
        catch (Exception cause)
        {
            _log.CannotLetGoInSteps(cause);
        }

        // Whoever is accepted late is told at once from now on.
        await StepAsync(null);
        _log.AllLetGo(_letGo, Elapsed);
    }

    private TimeSpan Elapsed => environment.Time.GetElapsedTime(_began);

    private async Task LetGoInStepsAsync()
    {
        var pace = new DrainPace(_settings);
        // Who is there is known when nobody has been let go.
        StillHeld held = await StepAsync(new DrainStep([], 0, 0, DrainLimit.None));
        while (held.Count > 0 && pace.Next(held.ByTenant, await credit()) is { } step && Elapsed < DrainPace.LatestStep(_settings.Deadline))
        {
            held = await StepAsync(step);
            _log.DrainStepDone(held.LetGo, held.Count, NameOf(step.Limit) ?? "nothing");
            if (held.Count > 0)
                await Task.Delay(DrainPace.StepTime, environment.Time);
        }
    }

    private static string? NameOf(DrainLimit limit) => limit == DrainLimit.None ? null : SettingsValueTypes.NameOf(limit);

    private async Task<StillHeld> StepAsync(DrainStep? step)
    {
        TimeSpan left = _settings.Deadline - Elapsed;
        StillHeld held = await listeners.Ask<StillHeld>(new LetGo(new Drain(left > TimeSpan.Zero ? left : TimeSpan.Zero), step), AnswerWithin);
        environment.Metrics.LetGo(held.LetGo, held.Count - _held);
        _letGo += held.LetGo;
        _held = held.Count;
        environment.Lifecycle.Drain = new DrainProgress(_held, _letGo, _held == 0 ? null : NameOf(step?.Limit ?? DrainLimit.None), _ends);
        return held;
    }
}
