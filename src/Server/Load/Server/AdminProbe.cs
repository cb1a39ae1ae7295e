using Actors443.Server.Admin;

namespace Actors443.Server.Load.Server;

/// <summary>A server of ours, asked by its admin address: on this machine or through a tunnel to another.</summary>
internal sealed class AdminProbe(AdminClient client, string address) : IServerProbe
{
    public string Name => "server at " + address;

    public async Task<ServerUsage?> AskAsync(CancellationToken cancellationToken)
    {
        ServerStatus status = await client.StatusAsync(cancellationToken);
        return new ServerUsage(status.MemoryBytes, TimeSpan.FromSeconds(status.ProcessorSeconds));
    }
}
