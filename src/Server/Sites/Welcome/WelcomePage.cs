using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Actors443.Admission;
using Actors443.Server.Assets;
using Actors443.Server.Cli;

namespace Actors443.Server.Sites.Welcome;

/// <summary>The status as HTML: <c>welcome.html</c> with its fields filled in. The script fetches the page again and takes over what has changed.</summary>
internal static partial class WelcomePage
{
    private const int CertificatesShown = 6;

    private static readonly string Template = Encoding.UTF8.GetString(EmbeddedFile.Read(WelcomeAssets.Page));

    public static string Render(WelcomeStatus status)
    {
        var fields = new Dictionary<string, string> { ["version"] = status.Version };
        if (status.Connection is { } connection)
            Add(fields, connection);
        if (status.Server is { } server)
            Add(fields, server);
        // Sections first: what they hold is not there without its status.
        string page = Section().Replace(Template, match => match.Groups["name"].Value switch
        {
            "connection" when status.Connection is null => "",
            "server" when status.Server is null => "",
            "elsewhere" when status.Server is not null => "",
            _ => match.Groups["content"].Value,
        });
        return Field().Replace(page, match => fields[match.Groups["name"].Value]);
    }

    private static void Add(Dictionary<string, string> fields, ConnectionStatus connection)
    {
        fields["actor"] = Breakable(connection.Actor);
        fields["id"] = Text(connection.Id);
        fields["protocol"] = Text(connection.Protocol);
        fields["tls"] = Text("TLS " + connection.TlsVersion);
        fields["cipher"] = Text(connection.CipherSuite?.Replace("TLS_", "", StringComparison.Ordinal).Replace('_', ' ') ?? "not known");
        fields["session"] = connection.Resumed switch { true => "resumed", false => "new", null => "not known" };
        fields["server-name"] = Text(connection.ServerName ?? "none sent");
        fields["remote"] = Text(connection.Remote);
        fields["age"] = HumanText.Duration(TimeSpan.FromSeconds(connection.AgeSeconds));
        fields["requests"] = Number(connection.Requests);
        fields["received"] = HumanText.Bytes(connection.BytesRead);
        fields["sent"] = HumanText.Bytes(connection.BytesWritten);
        fields["events"] = string.Concat(connection.Events.Select(entry =>
            $"<li><b>{Text(Words(entry.Name))}</b> <span>{Number(entry.AfterMilliseconds)} ms</span></li>"));
    }

    private static void Add(Dictionary<string, string> fields, ServerStatus server)
    {
        fields["phase"] = Text(server.Phase);
        fields["mode"] = Text(server.Mode.ToString());
        fields["mode-class"] = server.Mode == AdmissionMode.Normal ? "good" : "bad";
        fields["engine"] = Text(server.Engine);
        fields["uptime"] = HumanText.Duration(TimeSpan.FromSeconds(server.UptimeSeconds));
        fields["connections"] = Number(server.Connections);
        fields["maximum"] = Number(server.MaximumConnections);
        fields["handshakes"] = Number(server.Handshakes);
        fields["clients"] = Number(server.ClientsTracked);
        fields["bans"] = Number(server.Bans);
        fields["memory"] = HumanText.Bytes(server.MemoryBytes);
        fields["generation"] = Number(server.CertificateGeneration);
        fields["certificates"] = string.Concat(server.Certificates.Take(CertificatesShown).Select(Certificate));
        int more = server.Certificates.Count - CertificatesShown;
        fields["more-certificates"] = more > 0 ? $"<p class=\"note\">and {Number(more)} more; <code>actors443 certs</code> lists all</p>" : "";
    }

    private static string Certificate(CertificateStatus certificate)
    {
        string state = certificate.ExpiresInDays switch { < 0 => "bad", < 14 => "warn", _ => "good" };
        string expiry = certificate.ExpiresInDays < 0 ? "expired" : $"{Number(certificate.ExpiresInDays)} days left";
        return $"<li><div><b>{Text(string.Join(", ", certificate.Names))}</b><span>{Text(certificate.Key)}, by {Text(certificate.Issuer)}</span><span>{Breakable(certificate.Source)}</span></div><em class=\"{state}\">{expiry}</em></li>";
    }

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);

    // A long path may be broken where people would break it.
    private static string Breakable(string path) => string.Join("/<wbr>", path.Split('/').Select(WebUtility.HtmlEncode));

    private static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Words(string name) => name switch
    {
        "clientHelloRead" => "ClientHello read",
        "handshakeStarted" => "Handshake begun",
        "handshakeCompleted" => "Handshake done",
        "requestStarted" => "First request",
        _ => char.ToUpperInvariant(name[0]) + Capital().Replace(name[1..], match => " " + match.Value.ToLowerInvariant()),
    };

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();

    [GeneratedRegex(@"\{\{(?<name>[a-z-]+)\}\}")]
    private static partial Regex Field();

    [GeneratedRegex(@"<!-- if (?<name>[a-z]+) -->(?<content>.*?)<!-- end \k<name> -->", RegexOptions.Singleline)]
    private static partial Regex Section();
}
