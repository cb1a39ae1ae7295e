using System.Globalization;
using System.Text.Json;

namespace Actors443.Remoting;

/// <summary>What Akka must know of our transport.</summary>
internal static class RemotingHocon
{
    public const string DotNetty = "akka.remote.dot-netty.tcp";

    /// <summary>The section as it is unless somebody says otherwise.</summary>
    public static string Reference { get; } = Read();

    /// <summary>As the setting <c>dot-netty</c> has it.</summary>
    public static string Of(DotNettyUse use) => use.ToString().ToLowerInvariant();

    /// <summary>What was said in code.</summary>
    public static string Of(Actors443RemotingOptions options)
    {
        var said = new List<string> { $"akka.remote.enabled-transports = [{Quote(RemotingSettings.Path)}]" };
        Say("public-hostname", options.PublicHostName);
        Say("port", options.Port?.ToString(CultureInfo.InvariantCulture));
        Say("public-port", options.PublicPort?.ToString(CultureInfo.InvariantCulture));
        Say("dot-netty", options.DotNetty is { } use ? Of(use) : null);
        Say("peer-port", options.PeerPort?.ToString(CultureInfo.InvariantCulture));
        Say("bind-hostname", options.BindHostName);
        Say("secret", options.Secret);
        Say("certificate.chain", options.CertificateChain);
        Say("certificate.key", options.CertificateKey);
        SayAll("ca", options.Authorities);
        Say("rehandshake-within", options.RehandshakeWithin is { } within ? Hosting.ActorSystemHocon.Milliseconds(within) : null);
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

    private static string Read()
    {
        using Stream stream = typeof(RemotingHocon).Assembly.GetManifestResourceStream("Actors443.remoting.conf")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
