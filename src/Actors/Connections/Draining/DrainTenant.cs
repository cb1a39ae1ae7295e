using Actors443.Engine;

namespace Actors443.Connections.Draining;

/// <summary>Whose connections are let go together: an account's, or those that came for a name.</summary>
/// <param name="IsAccount">Of an account for tunnels; false: of a name.</param>
/// <param name="Name">Of the account, or the server name; empty: the client has named none.</param>
internal readonly record struct DrainTenant(bool IsAccount, string Name)
{
    public static DrainTenant Of(EngineConnection connection) =>
        connection.Proof is { } proof ? new DrainTenant(true, proof.Account.Name) : new DrainTenant(false, connection.ServerName ?? "");
}
