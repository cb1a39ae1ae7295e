using Actors443.Connections;
using Actors443.Engine;
using Actors443.Remoting.Frames;
using Actors443.Routing;

namespace Actors443.Remoting.Associations;

/// <summary>What a connection between nodes carries: an association, until that is over or goes on upon another connection. Thread-safe.</summary>
/// <param name="connection">Whose actor asks for its end.</param>
/// <param name="client">What is within its TLS.</param>
internal sealed class CarriedAssociation(EngineConnection connection, IRoutedClient client) : ICarriedProtocol
{
    private readonly TaskCompletionSource _movedAway = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Association? _association;

    public string? Route => null;

    public string? Upstream => null;

    /// <summary>Akka itself says something again and again, and ends what is not answered.</summary>
    public TimeSpan? Idle => null;

    public TimeSpan? Age => null;

    /// <summary>Null: they are still to agree upon it.</summary>
    public Association? Association
    {
        get => Volatile.Read(ref _association);
        set => Volatile.Write(ref _association, value);
    }

    /// <summary>Completes when another connection carries it.</summary>
    public Task Moved => _movedAway.Task;

    /// <summary>Another connection carries it from now on.</summary>
    public void MovedAway() => _movedAway.TrySetResult();

    public void Drain() => End("the connection is drained");

    public void Stop() => End("the connection is closed");

    public void Break()
    {
        if (!Moved.IsCompleted && Association is { } association && association.IsOn(client))
            association.Break();
    }

    /// <summary>Once it carries nothing any more: why the connection ends.</summary>
    public void SetReason()
    {
        if (Moved.IsCompleted || Association is not { } association)
            connection.SetOrderlyReason(CloseReason.ServerClosed);
        else if (association is { HasFailed: true, EndedBecause: { } why })
            connection.SetReason(CloseReason.ProtocolError, why);
        else
            connection.SetOrderlyReason(association.EndedBecause is null ? CloseReason.ServerClosed : CloseReason.ClientClosed);
    }

    private void End(string reason)
    {
        if (!Moved.IsCompleted)
            Association?.End(ControlKind.Goodbye, reason);
    }
}
