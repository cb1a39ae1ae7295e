using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Actors443.Certificates.Ocsp;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>
/// Makes the contexts of certificates. The first that are shown have an SSL_CTX of their own, which makes their handshakes cheapest. One takes OpenSSL a millisecond and
/// 30 KiB, so that all others share one with those under the same rule, and give each connection its certificate. Thread-safe.
/// </summary>
/// <param name="ownAtMost">How many have one of their own, over all listeners.</param>
/// <param name="ticketKeys">Seal session tickets.</param>
/// <param name="staples">Shown to clients that ask.</param>
/// <param name="keyLog">Gets the secrets; null: nobody does.</param>
internal sealed class ServerTlsContexts(int ownAtMost, PublishedTicketKeys ticketKeys, PublishedStaples staples, KeyLogFile? keyLog)
{
    // By policy, of which there is one a generation of settings, then by who checks client certificates.
    private readonly ConditionalWeakTable<TlsPolicy, ConcurrentDictionary<object, ServerTlsContext>> _shared = [];

    /// <exception cref="System.Security.Authentication.AuthenticationException">OpenSSL refuses the certificate or its key.</exception>
    public ServerTlsContext Make(HandshakeOptions options) => ServerTlsContext.Own < ownAtMost
        ? ServerTlsContext.OfItsOwn(options, ticketKeys, staples, keyLog)
        : ServerTlsContext.WithShared(options, SharedFor(options), staples);

    private ServerTlsContext SharedFor(HandshakeOptions options) => _shared.GetOrCreateValue(options.Policy).GetOrAdd(
        (object?)options.Clients ?? options.Policy, static (_, made) => ServerTlsContext.ToBeShared(made.options, made.ticketKeys, made.keyLog), (options, ticketKeys, keyLog));
}
