namespace Actors443.Engine;

/// <summary>
/// Of a connection on an event loop: what is flushed together becomes TLS records of its own, instead of sharing them with what is flushed before and after. For clients
/// that take one message out of a record and lose the next. The feature is absent elsewhere, where records follow flushes anyway.
/// </summary>
internal interface IOutputRecords
{
    /// <summary>From now on, for good. By the connection's writer.</summary>
    void CutAtFlushes();
}
