using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Server.Tunnels;
using Actors443.Tunnels.Targets;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 tunnel client</c>: the near end of tunnels.</summary>
internal static class TunnelClientCommand
{
    public static Command Create(CommandEnvironment environment)
    {
        var url = new Argument<Uri?>("URL")
        {
            Description = "The server, such as https://proxy.example.com.",
            CustomParser = argument =>
            {
                if (Uri.TryCreate(argument.Tokens[0].Value, UriKind.Absolute, out Uri? read) && read.Scheme == "https")
                    return read;
                argument.AddError($"'{argument.Tokens[0].Value}' is no https URL; write https://proxy.example.com");
                return null;
            },
        };
        var account = new Option<string?>("--account") { Description = "Name of the account. Without it the token alone says whose it is.", HelpName = "name" };
        var token = new Option<string?>("--token") { Description = "The account's token: file:PATH, env:NAME, or the text (which others on this machine can see).", HelpName = "token" };
        var forward = new Option<TunnelForward[]>("--forward", "-L")
        {
            Description = "Listen on a local port, and lead what connects to a target; may be given again.",
            HelpName = "[address:]port:host:port",
            CustomParser = argument => [.. argument.Tokens.Select(read => ParseForward(read.Value, argument)).OfType<TunnelForward>()],
        };
        var socks = new Option<IPEndPoint?>("--socks5", "-D")
        {
            Description = "Listen for SOCKS5 on a local port.",
            HelpName = "[address:]port",
            CustomParser = argument => ParseListen(argument.Tokens[0].Value, argument),
        };
        var stdio = new Option<TunnelTarget?>("--stdio", "-W")
        {
            Description = "Carry standard input and output to a target, as ssh's ProxyCommand wants it.",
            HelpName = "host:port",
            CustomParser = argument => ParseTarget(argument.Tokens[0].Value, argument),
        };
        var via = new Option<TunnelVia>("--via")
        {
            Description = "session: outlives a lost connection. connect: any HTTPS proxy. websocket: where nothing else comes through.",
            HelpName = "session|connect|websocket",
            DefaultValueFactory = _ => TunnelVia.Session,
        };
        var http2 = new Option<bool>("--http2") { Description = "WebSockets over HTTP/2." };
        var path = new Option<string>("--path") { Description = "tunnels.path of the server.", HelpName = "path", DefaultValueFactory = _ => "/.well-known/masque" };
        var ca = new Option<string?>("--ca") { Description = "PEM file of the roots to trust instead of the system's.", HelpName = "file" };
        var certificate = new Option<string?>("--certificate") { Description = "PEM file with the client certificate and its key.", HelpName = "file" };
        var command = new Command("client", "The near end of tunnels: forwards ports, speaks SOCKS5, or carries standard input and output.")
        {
            url, account, token, forward, socks, stdio, via, http2, path, ca, certificate,
        };
        command.Validators.Add(result =>
        {
            bool listens = result.GetResult(forward) is not null || result.GetResult(socks) is not null;
            if (listens == (result.GetResult(stdio) is not null))
                result.AddError(listens ? "--stdio goes with neither --forward nor --socks5; give one of them" : "nothing is to be carried; give --forward, --socks5 or --stdio");
            if (result.GetResult(token) is null && result.GetResult(certificate) is null)
                result.AddError("nothing proves an account; give --token or --certificate");
            if (result.GetResult(http2) is { Implicit: false } && result.GetValue(via) != TunnelVia.WebSocket)
                result.AddError("--http2 is for --via websocket");
        });
        command.SetAction((arguments, cancellationToken) =>
        {
            try
            {
                var server = new TunnelServerAddress
                {
                    Url = arguments.GetValue(url)!,
                    Account = arguments.GetValue(account),
                    Token = Secret.Resolve(arguments.GetValue(token)),
                    Via = arguments.GetValue(via),
                    Http2 = arguments.GetValue(http2),
                    Path = arguments.GetValue(path)!.TrimEnd('/'),
                    Roots = arguments.GetValue(ca) is { } roots ? ReadRoots(roots) : null,
                    Certificate = arguments.GetValue(certificate) is { } own ? X509Certificate2.CreateFromPemFile(own) : null,
                };
                var client = new TunnelClient(new TunnelRequest(server), environment.Console);
                if (arguments.GetValue(stdio) is { } target)
                    return client.RunStdioAsync(target, cancellationToken);
                TunnelForward[] socksForward = arguments.GetValue(socks) is { } listen ? [new TunnelForward(listen, null)] : [];
                return client.RunListenersAsync([.. arguments.GetValue(forward) ?? [], .. socksForward], cancellationToken);
            }
            catch (Exception cause) when (cause is CertificateException or CryptographicException or IOException or UnauthorizedAccessException)
            {
                environment.Console.WriteError("actors443: " + cause.Message.Replace("password = ", "--token ", StringComparison.Ordinal));
                return Task.FromResult(ExitCode.Failed);
            }
        });
        return command;
    }

    private static X509Certificate2Collection ReadRoots(string file)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(file);
        return roots;
    }

    private static TunnelTarget? ParseTarget(string text, ArgumentResult argument)
    {
        if (TunnelTarget.Parse(text) is { } target)
            return target;
        argument.AddError($"'{text}' is no target; write host:port, such as git.example.com:22");
        return null;
    }

    private static IPEndPoint? ParseListen(string text, ArgumentResult argument)
    {
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return new IPEndPoint(IPAddress.Loopback, port);
        if (text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? endPoint))
            return endPoint;
        argument.AddError($"'{text}' is no port to listen on; write 1080 or 127.0.0.1:1080");
        return null;
    }

    // As with ssh -L: the target is the last two of three or four parts, and brackets keep IPv6 together.
    private static TunnelForward? ParseForward(string text, ArgumentResult argument)
    {
        int end = text.LastIndexOf(':');
        int middle = end <= 0 ? -1 : text[end - 1] == ']' ? text.LastIndexOf('[', end) - 1 : text.LastIndexOf(':', end - 1);
        if (middle <= 0 || text[middle] != ':')
        {
            argument.AddError($"'{text}' is no forward; write port:host:port, such as 2222:git.example.com:22");
            return null;
        }

        return ParseListen(text[..middle], argument) is { } listen && ParseTarget(text[(middle + 1)..], argument) is { } target ? new TunnelForward(listen, target) : null;
    }
}
