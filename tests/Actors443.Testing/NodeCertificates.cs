using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Actors443.Remoting;

namespace Actors443.Testing;

/// <summary>Certificates of nodes in files, as an administrator has them: a CA, and a pair for each node, which may be written anew.</summary>
internal sealed class NodeCertificates : IDisposable
{
    private const string Authorities = "ca.pem";

    private readonly TemporaryFolder _folder = new();

    public NodeCertificates(string name = "Nodes")
    {
        Authority = new TestCertificates(name);
        Trust(Authority.CertificatePem);
    }

    public TestCertificates Authority { get; private set; }

    /// <summary>Where they are.</summary>
    public string Folder => _folder.Path;

    /// <summary>All nodes trust what is in here.</summary>
    public string AuthorityFile => Path.Combine(_folder.Path, Authorities);

    /// <summary>Writes a pair for a node, in place of one that it had.</summary>
    public TestCertificate Write(string node, params string[] names)
    {
        TestCertificate certificate = Authority.IssueNode(names);
        Write(node, certificate);
        return certificate;
    }

    public void Write(string node, TestCertificate certificate)
    {
        Put(node + ".key", certificate.KeyPem);
        Put(node + ".pem", certificate.ChainPem);
    }

    /// <summary>Another CA issues from now on, and both are trusted until <see cref="ForgetFormer"/>.</summary>
    public void ChangeAuthority()
    {
        string former = Authority.CertificatePem;
        Authority = new TestCertificates("New nodes");
        Trust(former + Authority.CertificatePem);
    }

    /// <summary>Only what issues now is trusted.</summary>
    public void ForgetFormer() => Trust(Authority.CertificatePem);

    /// <summary>For the options of a node.</summary>
    public Action<Actors443RemotingOptions> Of(string node) => options => UseFrom(Folder, node, options);

    /// <summary>The same, in another process than the one that has written them.</summary>
    public static void UseFrom(string folder, string node, Actors443RemotingOptions options)
    {
        options.CertificateChain = Path.Combine(folder, node + ".pem");
        options.CertificateKey = Path.Combine(folder, node + ".key");
        options.Authorities = [Path.Combine(folder, Authorities)];
    }

    /// <summary>The thumbprint of what a node shows to one that connects now.</summary>
    /// <param name="host">Of the node.</param>
    /// <param name="port">Of its https listener.</param>
    /// <param name="own">Shown to it.</param>
    public static async Task<string> ShownAsync(string host, int port, X509Certificate2 own)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(host, port);
        string shown = "";
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ApplicationProtocols = [RemotingProtocol.Alpn],
            ClientCertificateContext = SslStreamCertificateContext.Create(own, null, offline: true),
            RemoteCertificateValidationCallback = (_, certificate, _, _) => (shown = ((X509Certificate2)certificate!).Thumbprint).Length > 0,
        });
        return shown;
    }

    // As it should be done: whole, and then in place.
    private void Put(string name, string content)
    {
        string path = _folder.Write(name + ".new", content);
        File.Move(path, Path.Combine(_folder.Path, name), overwrite: true);
    }

    private void Trust(string authorities) => Put(Authorities, authorities);

    public void Dispose()
    {
        Authority.Dispose();
        _folder.Dispose();
    }
}
