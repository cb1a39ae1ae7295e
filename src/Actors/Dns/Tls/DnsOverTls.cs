using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Routing;

namespace Actors443.Dns.Tls;

/// <summary>DNS over TLS (RFC 7858), for connections that have agreed upon <see cref="Protocol"/>. Thread-safe.</summary>
internal sealed class DnsOverTls(IDnsResolver resolver, DnsDotSettings settings)
{
    /// <summary>Its name in ALPN.</summary>
    public const string Protocol = "dot";

    /// <summary>Answers until the client has no more questions. The connection then has its reason.</summary>
    public Task ServeAsync(EngineConnection connection, IRoutedClient client)
    {
        var conversation = new DnsConversation(resolver, settings, connection, client);
        connection.Carry(conversation);
        return conversation.RunAsync();
    }
}
