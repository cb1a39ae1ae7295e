using System.Net.Security;

namespace Actors443.Remoting.Frames;

/// <summary>Tells a node that has shown no good certificate why it may not come in, where TLS cannot.</summary>
internal static class SpokenRefusal
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Until the other has had it, as far as can be known; never longer than two seconds. What it says meanwhile is passed over.</summary>
    /// <exception cref="IOException">It is gone.</exception>
    public static async Task SayAsync(SslStream tls, string why)
    {
        using var enough = new CancellationTokenSource(Patience);
        try
        {
            await tls.WriteAsync(new ControlFrame(ControlKind.Refused, why).Encode(), enough.Token);
            await tls.ShutdownAsync();
            // Closed with something unread, it would be reset, and the word with it.
            byte[] rest = new byte[Frame.LongestControl];
            while (await tls.ReadAsync(rest, enough.Token) > 0)
            {
                // It has still to hear.
            }
        }
        catch (OperationCanceledException)
        {
            // It has had its time.
        }
    }
}
