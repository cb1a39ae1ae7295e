namespace Actors443.Connections.Draining;

/// <summary>How far a server that stops has come.</summary>
/// <param name="Held">Connections that have not been let go yet; they are served as before.</param>
/// <param name="LetGo">Connections that were told to end, whether they have or not.</param>
/// <param name="WaitsFor">What those that are held wait for: <c>tenant-share</c>, <c>credit</c> of the other nodes, <c>rate</c>; null: none is held.</param>
/// <param name="Ends">Connections still open then are aborted.</param>
internal sealed record DrainProgress(int Held, int LetGo, string? WaitsFor, DateTimeOffset Ends);
