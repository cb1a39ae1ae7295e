using System.Globalization;
using System.Text.Json;

namespace Actors443.Remoting;

/// <summary>What Akka must know of our transport.</summary>
internal static class RemotingHocon
{
    public const string DotNetty = "akka.remote.dot-netty.tcp";

    /// <summary>The section as it is unless somebody says otherwise.</summary>
    public static string Reference { get; } = Read();

    /// <summary>Akka's list of transports; the first is the one whose address the node is known by.</summary>
    public static string Transports(DotNettyBeside dotNetty) => dotNetty switch
    {
        DotNettyBeside.Off => Transports(RemotingSettings.Path),
        DotNettyBeside.Preferred => Transports(DotNetty, RemotingSettings.Path),
        _ => Transports(RemotingSettings.Path, DotNetty),
    };

    /// <summary>What was said in code.</summary>
    public static string Of(Actors443RemotingOptions options)
    {
        var said = new List<string> { Transports(options.DotNetty) };
        Say("public-hostname", options.PublicHostName);
        Say("port", options.Port?.ToString(CultureInfo.InvariantCulture));
        Say("public-port", options.PublicPort?.ToString(CultureInfo.InvariantCulture));
        Say("bind-hostname", options.BindHostName);
        Say("secret", options.Secret);
        Say("certificate.chain", options.CertificateChain);
        Say("certificate.key", options.CertificateKey);
        SayAll("ca", options.Authorities);
        SayAll("peers.names", options.PeerNames);
        SayAll("peers.pins", options.PeerPins);
        return string.Join('\n', said);

        void Say(string key, string? text)
        {
            if (text is not null)
                said.Add($"{RemotingSettings.Path}.{key} = {Quote(text)}");
        }

        void SayAll(string key, IReadOnlyList<string>? texts)
        {
            if (texts is not null)
                said.Add($"{RemotingSettings.Path}.{key} = [{string.Join(", ", texts.Select(Quote))}]");
        }
    }

    /// <summary>As a string of HOCON, which is as one of JSON.</summary>
    public static string Quote(string text) => JsonSerializer.Serialize(text);

    private static string Transports(params string[] paths) => $"akka.remote.enabled-transports = [{string.Join(", ", paths.Select(Quote))}]";

    private static string Read()
    {
        using Stream stream = typeof(RemotingHocon).Assembly.GetManifestResourceStream("Actors443.remoting.conf")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
