namespace Actors443.Server.Admin.Events;

/// <summary>Where snapshots come from, from when somebody begins to look to when nobody does.</summary>
internal interface ISnapshotSource : IDisposable
{
    /// <summary>The server now, as JSON.</summary>
    Task<byte[]> TakeAsync(CancellationToken cancellationToken);
}
