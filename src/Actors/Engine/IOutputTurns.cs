namespace Actors443.Engine;

/// <summary>
/// Of a connection whose application runs on its event loop: lets a writer of much wait for the loop to send what was flushed, without leaving the loop. HTTP/1.1 only,
/// where flushed is the connection's. The feature is absent elsewhere.
/// </summary>
internal interface IOutputTurns
{
    /// <summary>Completes, on the loop, once it has given the socket what that takes of what was flushed: all of it or not. By one writer at a time.</summary>
    ValueTask NextTurnAsync();
}
