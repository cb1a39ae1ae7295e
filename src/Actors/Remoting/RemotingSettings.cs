using System.Globalization;
using System.Net;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Remoting.Identity;
using Akka.Configuration;

namespace Actors443.Remoting;

/// <summary><c>akka.remote.actors443</c>: Akka's section, and so with Akka's words and errors. Immutable.</summary>
internal sealed record RemotingSettings
{
    public const string Path = "akka.remote." + RemotingProtocol.Scheme;

    // Akka has told the other side by then that it goes on.
    private const int LeastFrame = 32 * 1024;

    // Who lets nothing through to the https port may not hold up what goes by DotNetty.
    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(2);

    /// <summary>The https listener by which the others reach this system.</summary>
    public required PeerAddress Public { get; init; }

    /// <summary>The address that the others know this system by: that of <see cref="Public"/>, or DotNetty's.</summary>
    public PeerAddress Known { get; init; } = null!;

    /// <summary>Of addresses, behind <c>akka.</c>.</summary>
    public string Scheme { get; init; } = RemotingProtocol.Scheme;

    /// <summary>What is kept of DotNetty.</summary>
    public DotNettyUse DotNetty { get; init; }

    /// <summary>Where the https listeners of the others are, if addresses do not say it.</summary>
    public int PeerPort { get; init; }

    /// <summary>The port of that leads to another.</summary>
    public bool IsMapped { get; init; }

    /// <summary>From which connections to others are made; null: the system chooses.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>Its own certificate; null: of the CA that follows from <see cref="Secret"/>.</summary>
    public CertificateFileSettings? Certificate { get; init; }

    /// <summary>What all nodes share and nobody else knows; null: certificates are from files, or the program's.</summary>
    public string? Secret { get; init; }

    /// <summary>PEM files of the CAs whose certificates nodes may show, besides that of <see cref="Secret"/>.</summary>
    public IReadOnlyList<string> Authorities { get; init; } = [];

    public PeerRules Rules { get; init; } = new();

    /// <summary>Bytes of a message of Akka's at most, its envelope included.</summary>
    public int MaximumFrame { get; init; } = 2 * 1024 * 1024;

    /// <summary>Bytes that wait to be sent on an association; more are refused, and Akka keeps them until there is room. One message always has room.</summary>
    public int WriteQueue { get; init; } = 1024 * 1024;

    /// <summary>To connect, and for both to agree on who they are.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After a change of certificates or CAs all associations are made anew within this, or ended; null: those that there are go on.</summary>
    public TimeSpan? RehandshakeWithin { get; init; }

    /// <summary>To connect by TCP alone: shorter if there is another way.</summary>
    public TimeSpan DialTimeout => DotNetty == DotNettyUse.Beside && ConnectTimeout > LongestTry ? LongestTry : ConnectTimeout;

    /// <summary>As Akka has it.</summary>
    public Akka.Actor.Address Address => Known.ToAddress(Scheme);

    /// <summary>The port of the https listener of another.</summary>
    public int PortOf(PeerAddress peer) => DotNetty == DotNettyUse.Off ? peer.Port : PeerPort;

    /// <param name="config">The section.</param>
    /// <param name="system">Name of the actor system.</param>
    /// <param name="dotNetty">The section of DotNetty, by which the system is known if that was said.</param>
    /// <exception cref="ConfigurationException">Something is wrong; the message names the setting and the fix.</exception>
    public static RemotingSettings Read(Config config, string system, Config? dotNetty = null)
    {
        DotNettyUse use = Text(config, "dot-netty") switch
        {
            null or "off" => DotNettyUse.Off,
            "beside" => DotNettyUse.Beside,
            "address" => DotNettyUse.Address,
            { } other => throw Wrong("dot-netty", $"is '{other}'; write off, beside or address (docs/remoting.md)"),
        };
        PeerAddress? former = use == DotNettyUse.Off ? null : DotNettyAddress(dotNetty ?? Config.Empty, system);
        string host = Text(config, "public-hostname") ?? Text(config, "hostname") ?? former?.Host
            ?? throw Wrong("public-hostname", "is missing; write the name or address by which the other nodes reach this one, such as \"node-1.internal\"");
        if (IsEveryAddress(host))
            throw Wrong("public-hostname", $"is {host}, which is every address and no name of this one; write the one by which the other nodes reach it");
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            throw Wrong("public-hostname", $"is '{host}', which is neither a name nor an address");
        int publicPort = Number(config, "public-port", 0);
        int port = publicPort > 0 ? publicPort : Number(config, "port", 443);
        if (port is < 1 or > IPEndPoint.MaxPort)
            throw Wrong("port", $"is {port}; write the port of https.bind, or as public-port the one that leads to it: the others must know it before anything listens");
        int frame = Bytes(config, "maximum-frame-size", 2 * 1024 * 1024);
        if (frame is < LeastFrame or > 1024 * 1024 * 1024)
            throw Wrong("maximum-frame-size", $"is {frame}; write a size from 32KiB to 1GiB, the same on all nodes");
        int queue = Bytes(config, "write-queue", 1024 * 1024);
        if (queue < 16 * 1024)
            throw Wrong("write-queue", $"is {queue}; write 16KiB or more");
        string? chain = Text(config, "certificate.chain");
        string? key = Text(config, "certificate.key");
        if (chain is null && key is not null)
            throw Wrong("certificate.chain", "is missing where certificate.key is set; name the PEM file of the certificate");
        IPAddress? bind = null;
        if (Text(config, "bind-hostname") is { } from && !IPAddress.TryParse(from.Trim('[', ']'), out bind))
            throw Wrong("bind-hostname", $"is '{from}'; write an address of this machine, from which others are connected to, or \"\"");
        if (former is not null && !former.Host.Equals(PeerAddress.HostOf(host), StringComparison.OrdinalIgnoreCase))
            throw Wrong("public-hostname", $"is {host}, and with dot-netty = {Text(config, "dot-netty")} the others know this node as {former.Host} (dot-netty.tcp.public-hostname, or hostname); write that, or leave it out");
        var own = new PeerAddress(system, PeerAddress.HostOf(host), port);
        return new RemotingSettings
        {
            Public = own,
            Known = former ?? own,
            Scheme = former is null ? RemotingProtocol.Scheme : dotNetty!.GetBoolean("enable-ssl") ? "ssl.tcp" : "tcp",
            DotNetty = use,
            PeerPort = Number(config, "peer-port", 0) is > 0 and <= IPEndPoint.MaxPort and var peerPort ? peerPort : port,
            IsMapped = publicPort > 0,
            Bind = bind,
            Certificate = chain is null ? null : new CertificateFileSettings { Chain = chain, Key = key, Password = Text(config, "certificate.password") },
            Secret = Text(config, "secret"),
            Authorities = [.. config.GetStringList("ca", [])],
            Rules = new PeerRules { Names = [.. config.GetStringList("peers.names", [])], Pins = [.. config.GetStringList("peers.pins", []).Select(Pin)] },
            MaximumFrame = frame,
            WriteQueue = queue,
            RehandshakeWithin = Text(config, "rehandshake-within") is null or "off" ? null
                : config.GetTimeSpan("rehandshake-within") is var within && within >= TimeSpan.FromSeconds(1) ? within
                : throw Wrong("rehandshake-within", "is shorter than 1s; write a duration such as 10m, or off"),
            ConnectTimeout = config.GetTimeSpan("connect-timeout", TimeSpan.FromSeconds(10)) is var patience && patience >= TimeSpan.FromMilliseconds(100)
                ? patience
                : throw Wrong("connect-timeout", "is shorter than 100ms; write a duration such as 10s"),
        };
    }

    public static ConfigurationException Wrong(string key, string problem) => new($"{Path}.{key} {problem}.");

    private static bool IsEveryAddress(string host) => IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && PlainAddress.IsEvery(address);

    private static PeerAddress DotNettyAddress(Config section, string system)
    {
        string? host = Text(section, "public-hostname") ?? Text(section, "hostname");
        int port = Number(section, "public-port", 0) is > 0 and var publicPort ? publicPort : Number(section, "port", 0);
        if (host is null || IsEveryAddress(host))
            throw Wrong("dot-netty", $"keeps the address of DotNetty, and {RemotingHocon.DotNetty}.public-hostname does not say it; write what it was before");
        return port > 0 ? new PeerAddress(system, PeerAddress.HostOf(host), port)
            : throw Wrong("dot-netty", $"keeps the address of DotNetty, and {RemotingHocon.DotNetty}.port is 0, which is another one each time; write what it was before");
    }

    private static string Pin(string pin) => Identities.Identity.TryParse(Identities.IdentityKind.CertificateKey, pin, out Identities.Identity? key, out string? problem)
        ? key.Id
        : throw Wrong("peers.pins", $"has {problem}: the hash of the key of a node's certificate");

    private static string? Text(Config config, string key) => config.GetString(key, "") is { Length: > 0 } text ? text : null;

    private static int Number(Config config, string key, int otherwise) => Text(config, key) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw Wrong(key, $"is '{text}', which is no number");

    private static int Bytes(Config config, string key, int otherwise) => (int)Math.Min(int.MaxValue, config.GetByteSize(key, otherwise) ?? otherwise);
}
