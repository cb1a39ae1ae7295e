namespace Actors443.Bench.Soak;

/// <summary>Where and how a client leaves. What ends with Reset is RST, with Fin a TCP end without close_notify.</summary>
internal enum OddEnd
{
    SilentReset,
    SilentFin,
    HalfHelloReset,
    HalfHelloFin,
    HelloReset,
    ServerFlightReset,
    ServerFlightFin,
    BrokenHandshake,
    NotTls,
    PlainHttp,
    OpenReset,
    AnsweredReset,
    RequestBodyReset,
    RequestBodyFin,
    ResponseReset,
    ResponseFin,
    CloseNotifyReset,

    /// <summary>close_notify and FIN behind the request: the answer is still read to its end.</summary>
    HalfClose,

    /// <summary>HTTP/2 to an orderly end.</summary>
    Http2,
    Http2Reset,
    BrokenRecord,
}
