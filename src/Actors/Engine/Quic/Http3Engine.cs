using System.Diagnostics.Metrics;
using System.Net.Quic;
using Actors443.Engine.Dialing;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Actors443.Engine.Quic;

/// <summary>HTTP/3 (RFC 9114) by Kestrel and its QUIC transport, beside the engine that moves TCP, and with the actors of its connections where that has its own.</summary>
internal sealed class Http3Engine(IConnectionEngine tcp, ConnectionMetrics metrics, IMeterFactory meters, MonotonicClock clock, ILoggerFactory loggers) : IConnectionEngine
{
    public string Name => "http3";

    public IReadOnlyList<ActorPlace> Places => tcp.Places;

    /// <inheritdoc/>
    /// <exception cref="PlatformNotSupportedException">There is no QUIC here; the message says what to do.</exception>
    public async Task<IEngineListener> ListenAsync(ListenRequest request, CancellationToken cancellationToken)
    {
        if (QuicPlatform.Missing is { } missing)
            throw new PlatformNotSupportedException(missing + ".");
        var handler = new QuicConnectionHandler(request, request.Tls!, Places.Count, metrics, clock, loggers);
        KestrelHost kestrel = KestrelHost.Build(request, request.EndPoints, builder => UseQuic(builder, request), listen => Configure(listen, handler), meters, loggers);
        try
        {
            await request.Application.StartAsync(kestrel.Server, cancellationToken);
            return new Http3Listener(kestrel, handler, request.EndPoints);
        }
        catch (Exception cause)
        {
            await kestrel.DisposeAsync();
            if (cause is IOException or QuicException)
                throw new BindException(request.EndPoints[0], cause);
            throw;
        }
    }

    public Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken) => tcp.DialAsync(request, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Kestrel's one way to limit the streams is "preview" in name since .NET 7; should it go, this does not compile.
#pragma warning disable CA2252
    private static void UseQuic(IWebHostBuilder builder, ListenRequest request) => builder.UseQuic(quic => quic.MaxBidirectionalStreamCount = request.Limits.Http2Streams);
#pragma warning restore CA2252

    private static void Configure(ListenOptions listen, QuicConnectionHandler handler)
    {
        listen.Protocols = HttpProtocols.Http3;
        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = handler.HelloAsync });
        ((IMultiplexedConnectionBuilder)listen).Use(next => transport => handler.ServeAsync(transport, next));
    }
}
