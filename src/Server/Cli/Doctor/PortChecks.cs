using System.Net;
using System.Net.Sockets;
using Actors443.Configuration;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli.Doctor;

/// <summary>Can the addresses be listened on?</summary>
internal static class PortChecks
{
    /// <param name="settings">Whose addresses.</param>
    /// <param name="machine">Where listeners are looked up.</param>
    /// <param name="isRunning">The server runs with these settings: then it has its own ports.</param>
    public static IEnumerable<Finding> Look(ServerSettings settings, Machine machine, bool isRunning)
    {
        HttpsSettings https = settings.Core.Https;
        HttpSettings http = settings.Core.Http;
        foreach (Finding finding in https.Bind.Select(endPoint => Look("https.bind", endPoint, https.BindIsExplicit ? null : https.FallbackBind, machine, isRunning)))
            yield return finding;
        if (http.Enabled)
        {
            foreach (Finding finding in http.Bind.Select(endPoint => Look("http.bind", endPoint, http.BindIsExplicit ? null : http.FallbackBind, machine, isRunning)))
                yield return finding;
        }

        if (settings.Admin.Enabled && !isRunning)
            yield return Look("admin.bind", settings.Admin.Bind, null, machine, isRunning);
    }

    private static Finding Look(string setting, IPEndPoint endPoint, IReadOnlyList<IPEndPoint>? fallback, Machine machine, bool isRunning)
    {
        if (endPoint.Port == 0)
            return Finding.Good("ports", $"{setting} {endPoint}: any free port");
        bool isListened = machine.IsListened(endPoint.Port);
        if (isListened && isRunning)
            return Finding.Good("ports", $"{setting} {endPoint}: the server listens");
        return Bind(endPoint) switch
        {
            SocketError.Success => Finding.Good("ports", $"{setting} {endPoint}: free"),
            // Connections that have ended wait for a minute; the server may listen beside them.
            SocketError.AddressAlreadyInUse when !isListened => Finding.Good("ports", $"{setting} {endPoint}: free"),
            SocketError.AddressAlreadyInUse => Finding.Problem(
                "ports", $"{setting} {endPoint}: another program listens there", $"'ss -ltnp sport = :{endPoint.Port}' names it, as root: stop it, or write another port in actors443.{setting}"),
            SocketError.AccessDenied when fallback is { Count: > 0 } => Finding.Warning(
                "ports", $"{setting} {endPoint}: this user may not listen there; {string.Join(", ", fallback)} is used instead", $"{Allow}, or set actors443.{setting}"),
            SocketError.AccessDenied => Finding.Problem("ports", $"{setting} {endPoint}: this user may not listen there", $"{Allow}, or write a port from 1024 on in actors443.{setting}"),
            SocketError.AddressNotAvailable => Finding.Problem("ports", $"{setting} {endPoint}: this machine has no such address", $"'ip address' lists those it has; write one in actors443.{setting}, or [::] for all"),
            SocketError.AddressFamilyNotSupported => Finding.Problem("ports", $"{setting} {endPoint}: this machine has no IPv6", $"write 0.0.0.0:{endPoint.Port} in actors443.{setting}"),
            var other => Finding.Problem("ports", $"{setting} {endPoint}: {new SocketException((int)other).Message}", $"write another address in actors443.{setting}"),
        };
    }

    private const string Allow = "allow ports below 1024: AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit, or 'sysctl -w net.ipv4.ip_unprivileged_port_start=80'";

    private static SocketError Bind(IPEndPoint endPoint)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(endPoint);
            return SocketError.Success;
        }
        catch (SocketException cause)
        {
            return cause.SocketErrorCode;
        }
    }
}
