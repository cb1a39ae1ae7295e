using Actors443.Configuration;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli.Doctor;

/// <summary>Libraries, user and clock.</summary>
internal static class PlatformChecks
{
    public static IEnumerable<Finding> Look(ServerSettings settings, string? missingQuic)
    {
        yield return LookAtEngine(settings.Core.Engine);
        yield return (settings.Core.Https.Http3, missingQuic) switch
        {
            (Http3Mode.Off, _) => Finding.Good("quic", "HTTP/3 is switched off"),
            (_, null) => Finding.Good("quic", "HTTP/3 can be served"),
            (Http3Mode.On, var missing) => Finding.Problem("quic", "https.http3 = on, and there is no QUIC", missing),
            (_, var missing) => Finding.Hint("quic", "no HTTP/3", missing),
        };
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
            yield return Finding.Hint("user", "you are root; the server needs no more than the right to listen on its ports", "run it as a user of its own with CAP_NET_BIND_SERVICE");
        if (OperatingSystem.IsLinux())
        {
            yield return SystemClock.IsSynchronized() switch
            {
                true => Finding.Good("clock", "synchronized"),
                false => Finding.Warning("clock", "nothing keeps it right: certificates, tokens and DNSSEC go by it", "timedatectl set-ntp true, or chrony; in a container this is the host's to do"),
                null => Finding.Hint("clock", "whether it is right could not be found out", "timedatectl says it"),
            };
        }
    }

    private static Finding LookAtEngine(EngineKind wanted)
    {
        string? missing = OperatingSystem.IsLinux() ? OpenSsl.Missing : "the event-loop engine is for Linux";
        return (wanted, missing) switch
        {
            (EngineKind.Portable, _) => Finding.Good("engine", "portable, as configured"),
            (_, null) => Finding.Good("engine", $"event-loop, {VersionCommand.DescribeTlsLibrary()}"),
            (EngineKind.EventLoop, _) => Finding.Problem("engine", $"engine = event-loop: {missing}", "install OpenSSL 3 (libssl.so.3), or set engine = auto"),
            _ => Finding.Warning("engine", $"the portable engine is used, which costs more: {missing}", "install OpenSSL 3 (libssl.so.3)"),
        };
    }
}
