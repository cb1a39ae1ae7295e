using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load;

/// <summary>Drives the clients of a run. One run at a time.</summary>
internal interface ILoadRun
{
    /// <summary>Runs until all groups have ended or <paramref name="stop"/> is cancelled; either way every sample has been delivered when it returns.</summary>
    /// <param name="settings">Valid.</param>
    /// <param name="sample">Called for every sample, one call at a time, on any thread.</param>
    /// <param name="stop">Ends the run early; that is no failure.</param>
    /// <exception cref="LoadException">It cannot run here: no OpenSSL, too few files or ports. The message says what to do.</exception>
    Task RunAsync(LoadSettings settings, Action<IntervalSample> sample, CancellationToken stop);
}

/// <summary>A run that cannot be made, in words for the user.</summary>
internal sealed class LoadException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What was asked for is wrong, rather than what came of it.</summary>
    public bool IsBadUsage { get; init; }
}
