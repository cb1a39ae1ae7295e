namespace Actors443.Testing;

/// <summary>Clients for which it does not matter whose certificate a server shows.</summary>
public static class AnyCertificate
{
    /// <summary>A client of one version of HTTP.</summary>
    /// <param name="version">No other is spoken.</param>
    /// <param name="connect">Opens its connections; null: as usual.</param>
    public static HttpClient Client(Version version, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect = null) =>
        new(new SocketsHttpHandler { UseProxy = false, ConnectCallback = connect, SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } })
        {
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
}
