using System.Globalization;
using Actors443.Server.Cli;
using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Output;

/// <summary>Figures and groups as people read them.</summary>
internal static class LoadText
{
    /// <summary><c>87 µs</c>, <c>4.21 ms</c>, <c>1.30 s</c>.</summary>
    public static string Latency(double? microseconds) => microseconds switch
    {
        null => "-",
        < 1_000 => Format(microseconds.Value, "0") + " µs",
        < 10_000 => Format(microseconds.Value / 1_000, "0.00") + " ms",
        < 1_000_000 => Format(microseconds.Value / 1_000, "0.0") + " ms",
        _ => Format(microseconds.Value / 1_000_000, "0.00") + " s",
    };

    public static string Count(double count) => Format(count, "#,0");

    /// <summary>A second: <c>94,721/s</c>, <c>0.4/s</c>.</summary>
    public static string Rate(double rate) => Format(rate, rate is > 0 and < 10 ? "0.0" : "#,0") + "/s";

    public static string Cost(double? microseconds) => microseconds is { } value ? Format(value, value < 100 ? "0.0" : "#,0") + " µs" : "-";

    public static string Share(double share) => share switch
    {
        0 => "0 %",
        < 0.0001 => "<0.01 %",
        _ => Format(share * 100, "0.00") + " %",
    };

    /// <summary>A group in words.</summary>
    public static string Describe(LoadGroup group)
    {
        List<string> parts = group switch
        {
            SteadyGroup steady => [Number(steady.Clients, "client"), Protocol(steady.Protocol), Streams(steady.Streams), At(steady.Rate), Request(steady.Request)],
            HandshakesGroup handshakes =>
            [
                Number(handshakes.Clients, "client"), handshakes.Resumed > 0 ? Share(handshakes.Resumed) + " resumed" : "full handshakes", At(handshakes.Rate),
                handshakes.WithRequest ? "a request each" : "no request",
            ],
            HoldGroup hold =>
            [
                Number(hold.Sessions, "session"), Protocol(hold.Protocol), "ramp " + HumanText.Duration(hold.Ramp),
                hold.Heartbeat is { } heartbeat ? "heartbeat every " + HumanText.Duration(heartbeat) : "no heartbeat",
            ],
            StormGroup storm => [Number(storm.Sessions, "session"), Number(storm.Storms, "storm"), storm.Reset ? "dropped by reset" : "", storm.Resume ? "resuming" : "full handshakes"],
            WebSocketGroup socket => [Number(socket.Clients, "client"), socket.Push ? "push" : "echo", At(socket.Rate), HumanText.Bytes(socket.Size) + " a message"],
            DohGroup doh => [Number(doh.Clients, "client"), Streams(doh.Streams), At(doh.Rate), doh.Get ? "GET" : "POST", Number(doh.Queries.Count, "query", "queries")],
            TunnelGroup tunnel => [Number(tunnel.Clients, "client"), "to " + tunnel.To, HumanText.Bytes(tunnel.Size) + " there and back"],
            AbuseGroup abuse => [Number(abuse.Clients, "client"), Actors443.Configuration.Reading.SettingsValueTypes.NameOf(abuse.Kind), At(abuse.Rate)],
            _ => [],
        };
        if (group.Start > TimeSpan.Zero)
            parts.Add("from " + HumanText.Duration(group.Start));
        if (group.Duration is { } duration)
            parts.Add("for " + HumanText.Duration(duration));
        return string.Join(", ", parts.Where(part => part.Length > 0));
    }

    public static bool IsOpenModel(LoadGroup group) => group switch
    {
        SteadyGroup { Rate: not null } or HandshakesGroup { Rate: not null } or WebSocketGroup { Rate: not null } or DohGroup { Rate: not null } => true,
        _ => false,
    };

    private static string Number(int count, string one, string? many = null) => Count(count) + " " + (count == 1 ? one : many ?? one + "s");

    private static string At(double? rate) => rate is { } value ? "at " + Rate(value) : "";

    private static string Streams(int streams) => streams > 1 ? Number(streams, "stream") : "";

    private static string Protocol(LoadProtocol protocol) => protocol switch { LoadProtocol.Http2 => "h2", LoadProtocol.Http3 => "h3", _ => "h1" };

    private static string Request(RequestSettings request) => (request.Method == "GET" ? "" : request.Method + " ") + (request.Paths.Count switch
    {
        0 => "",
        1 => request.Paths[0],
        _ => Number(request.Paths.Count, "path"),
    });

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
