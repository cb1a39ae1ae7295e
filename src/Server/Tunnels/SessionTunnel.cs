using System.IO.Pipelines;
using Actors443.Tunnels.Sessions;
using Actors443.Tunnels.Targets;

namespace Actors443.Server.Tunnels;

/// <summary>By a session: a connection that is lost is made again, and what was on its way is sent again.</summary>
internal sealed class SessionTunnel(TunnelRequest request, TunnelTarget target, TimeSpan window, SessionCarrier first) : OpenTunnel
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    public override async Task CarryAsync(LocalEnd local, CancellationToken cancellationToken)
    {
        ResumableLink? link = null;
        link = new ResumableLink(TunnelSession.ClientWindow, ResumableLink.LargestWindow, DeliverAsync, local.EndOutput);
        await using CancellationTokenRegistration registration = cancellationToken.Register(link.Reset);
        Task sending = SendAsync(local, link);
        CarrierEnd end = await CarryAsync(link, first, cancellationToken);
        while (end == CarrierEnd.Lost && await ReconnectAsync(link, cancellationToken) is { } carrier)
            end = await CarryAsync(link, carrier, cancellationToken);
        link.Reset();
        await local.DisposeAsync();
        // A read of standard input cannot be ended.
        await sending.WaitAsync(TimeSpan.FromSeconds(1), CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (end != CarrierEnd.Complete)
            throw new IOException($"the tunnel to {target} was cut");

        async ValueTask DeliverAsync(ReadOnlyMemory<byte> bytes)
        {
            try
            {
                await local.Output.WriteAsync(bytes, cancellationToken);
                await local.Output.FlushAsync(cancellationToken);
            }
            catch (Exception cause) when (cause is IOException or ObjectDisposedException or OperationCanceledException)
            {
                link!.Reset();
            }
        }
    }

    public override ValueTask DisposeAsync() => first.Stream.DisposeAsync();

    private static async Task SendAsync(LocalEnd local, ResumableLink link)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await local.Input.ReadAsync(buffer)) > 0)
            {
                if (!await link.SendAsync(buffer.AsMemory(0, count)))
                    return;
            }

            link.EndSending();
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException)
        {
            link.Reset();
        }
    }

    private static async Task<CarrierEnd> CarryAsync(ResumableLink link, SessionCarrier carrier, CancellationToken cancellationToken)
    {
        await using (carrier.Stream)
        {
            var pipes = new StreamPipes(carrier.Stream);
            CarrierEnd end = await link.CarryAsync(pipes, carrier.PeerReceived, carrier.Stream.Dispose);
            if (end != CarrierEnd.Lost)
                await SayGoodbyeAsync(carrier);
            return end;
        }
    }

    private static async Task SayGoodbyeAsync(SessionCarrier carrier)
    {
        try
        {
            await carrier.Stream.ShutdownAsync();
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The server was faster.
        }
    }

    private async Task<SessionCarrier?> ReconnectAsync(ResumableLink link, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(window);
        TimeSpan pause = FirstPause;
        try
        {
            while (true)
            {
                try
                {
                    return await request.OpenSessionAsync(target, first.Token, link.Received, patience.Token);
                }
                catch (IOException)
                {
                    await Task.Delay(pause, patience.Token);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
            }
        }
        catch (Exception cause) when (cause is OperationCanceledException or TunnelRefusedException)
        {
            // Nobody answers in time, or the session is no more.
            return null;
        }
    }

    private sealed class StreamPipes(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024, leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}
