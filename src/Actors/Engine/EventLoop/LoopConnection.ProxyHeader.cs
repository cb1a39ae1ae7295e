using Actors443.Connections;
using Actors443.ProxyProtocol;

namespace Actors443.Engine.EventLoop;

/// <summary>Before the ClientHello, where a trusted proxy says whose connection it brings.</summary>
internal sealed unsafe partial class LoopConnection
{
    private void ReadProxyHeader(int count)
    {
        ReadOnlyMemory<byte> bytes = Gather(_home.ReceivedMemory.Span[..count]);
        // What it lies in is copied.
        _home.Bio.SetInput(null, 0);
        switch (ProxyHeaderReader.TryRead(bytes.Span, out ProxyHeader? header, out int length, out string? problem))
        {
            case ProxyHeaderStatus.Incomplete:
                break;
            case ProxyHeaderStatus.Complete:
                TakeProxyHeader(header!, bytes[length..]);
                break;
            default:
                Refuse(CloseReason.MalformedProxyHeader, problem, []);
                break;
        }
    }

    private void TakeProxyHeader(ProxyHeader header, ReadOnlyMemory<byte> rest)
    {
        _phase = Phase.Hello;
        if (header.Source is { } client && _entry.Request.Gate.TryName(client.Address) is not CloseReason.None and var refusal)
        {
            _origin.Metrics.Refused(refusal);
            Refuse(refusal, $"{client.Address}, named by a proxy", []);
            return;
        }

        NamedBy(header);
        _hello = null;
        _helloLength = 0;
        if (rest.Length == 0)
        {
            // Its silence begins now.
            ExpectSilence(Routes?.Silent?.Settings.SilentFor);
            return;
        }

        // Kept, since it does not begin where OpenSSL would read.
        ReadHello(Gather(rest.Span), isKept: true);
    }
}
