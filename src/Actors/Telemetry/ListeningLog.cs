using System.Net;
using System.Net.Sockets;

namespace Actors443.Telemetry;

internal static partial class ListeningLog
{
    [LoggerMessage(EventIds.Listening + 0, LogLevel.Information, "{Listener} listens on {EndPoints}")]
    public static partial void Listening(this ILogger log, string listener, string endPoints);

    [LoggerMessage(EventIds.Listening + 1, LogLevel.Debug, "A connection to {EndPoint} failed while it was accepted: {Error}")]
    public static partial void AcceptFailed(this ILogger log, EndPoint endPoint, SocketError error);

    [LoggerMessage(EventIds.Listening + 2, LogLevel.Error, "Cannot accept on {EndPoint} for want of file descriptors or memory ({Error}); trying again. Raise the limit (ulimit -n, LimitNOFILE=)")]
    public static partial void AcceptShortage(this ILogger log, EndPoint endPoint, SocketError error);

    [LoggerMessage(EventIds.Listening + 3, LogLevel.Error, "{Listener} failed and is bound again in {Delay}; open connections go on")]
    public static partial void ListenerFailed(this ILogger log, Exception cause, string listener, TimeSpan delay);

    [LoggerMessage(EventIds.Listening + 4, LogLevel.Warning, "{Listener} cannot be bound again yet: {Problem} Next try in {Delay}")]
    public static partial void RebindFailed(this ILogger log, string listener, string problem, TimeSpan delay);

    [LoggerMessage(EventIds.Listening + 5, LogLevel.Warning, "{Listener} falls back to {EndPoints}: {Problem}")]
    public static partial void FellBack(this ILogger log, string listener, string endPoints, string problem);

    [LoggerMessage(EventIds.Listening + 6, LogLevel.Information, "{Listener} no longer accepts")]
    public static partial void Unbound(this ILogger log, string listener);

    [LoggerMessage(EventIds.Listening + 7, LogLevel.Error, "{Loop} went on after an error that no connection took")]
    public static partial void LoopFault(this ILogger log, Exception cause, string loop);

    [LoggerMessage(EventIds.Listening + 8, LogLevel.Warning, "{Listener}: this runtime's Kestrel is made otherwise than expected, so that connections change threads on their way; all works and costs a little more")]
    public static partial void KestrelIsOther(this ILogger log, string listener);

    [LoggerMessage(EventIds.Listening + 9, LogLevel.Warning, "engine = {Wanted} is not possible here: {Why}. The portable engine serves instead")]
    public static partial void EngineFallsBack(this ILogger log, string wanted, string why);

    [LoggerMessage(EventIds.Listening + 10, LogLevel.Information, "{Listener} speaks HTTP/3 on UDP {EndPoints}")]
    public static partial void QuicListening(this ILogger log, string listener, string endPoints);

    [LoggerMessage(EventIds.Listening + 11, LogLevel.Information, "{Listener} speaks no HTTP/3: {Missing}")]
    public static partial void NoQuic(this ILogger log, string listener, string missing);

    [LoggerMessage(EventIds.Listening + 12, LogLevel.Warning, "{Listener} speaks no HTTP/3 yet: {Problem} Next try in {Delay}")]
    public static partial void QuicNotBound(this ILogger log, string listener, string problem, TimeSpan delay);

    [LoggerMessage(EventIds.Listening + 15, LogLevel.Error, "The acceptor of {Listener} failed and is restarted; what it has bound goes on accepting")]
    public static partial void AcceptorFailed(this ILogger log, Exception cause, string listener);

    [LoggerMessage(EventIds.Listening + 14, LogLevel.Information, "{Listener} speaks HTTP/3 as soon as the process before has ended: its QUIC connections have the UDP port until then")]
    public static partial void QuicWaits(this ILogger log, string listener);

    [LoggerMessage(EventIds.Listening + 13, LogLevel.Error, "The part of {Listener} for HTTP/3 failed and is restarted; what it has bound goes on")]
    public static partial void QuicAcceptorFailed(this ILogger log, Exception cause, string listener);

    [LoggerMessage(EventIds.Listening + 16, LogLevel.Information, "The kernel refuses event-loop.scheduling = batch to {Loop} (error {Error}): it is scheduled like any other thread")]
    public static partial void BatchSchedulingRefused(this ILogger log, string loop, int error);

    [LoggerMessage(EventIds.Tls + 2, LogLevel.Warning, "The secrets of all TLS sessions are written to {File}: whoever has that file can decrypt their traffic. Set https.key-log-file = none when the fault is found")]
    public static partial void KeyLogOpened(this ILogger log, string file);

    [LoggerMessage(EventIds.Tls + 3, LogLevel.Warning, "{File} cannot be written ({Cause}); {Lost} lines of the key log are lost so far. Connections do not notice")]
    public static partial void KeyLogLost(this ILogger log, string file, string cause, long lost);

    [LoggerMessage(EventIds.Tls + 4, LogLevel.Warning, "https.key-log-file = {File} is not possible with the portable engine; nothing is written. Use engine = event-loop")]
    public static partial void NoKeyLog(this ILogger log, string file);
}
