using System.IO.Pipelines;
using System.Net.Security;
using Actors443.Routing;

namespace Actors443.Engine.Portable;

/// <summary>What is within the TLS of a connection that carries another protocol than HTTP.</summary>
internal sealed class PortableTlsClient(SslStream stream, TlsDuplexPipe decrypted) : IRoutedClient
{
    private bool _outputEnded;

    public PipeReader Input => decrypted.Input;

    public PipeWriter Output => decrypted.Output;

    public async ValueTask EndOutputAsync()
    {
        if (_outputEnded)
            return;
        _outputEnded = true;
        await stream.ShutdownAsync();
    }

    public async ValueTask CompleteAsync()
    {
        await Input.CompleteAsync();
        await Output.CompleteAsync();
    }
}
