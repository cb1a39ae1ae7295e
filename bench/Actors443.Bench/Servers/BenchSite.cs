using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Certificates;

namespace Actors443.Bench.Servers;

/// <summary>What every compared server serves: one certificate, the same answers, one upstream. Goes with its folder.</summary>
internal sealed class BenchSite : IDisposable
{
    /// <summary>ECDSA P-256, as all servers have it.</summary>
    public const string CertificateText = "ECDSA P-256 with its chain of one";

    public const string Hello = "Hello, World!";

    private Process? _upstream;

    public BenchSite()
    {
        Folder = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        // Workers of nginx give up being root.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Folder, File.GetUnixFileMode(Folder) | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        Directory.CreateDirectory(Files);
        File.WriteAllText(Path.Combine(Files, "hello.txt"), Hello);
        WriteRandom("100k.bin", 100 * 1024);
        WriteRandom("1m.bin", 1024 * 1024);
        UpstreamPort = FreePort();
        RenewCertificate();
    }

    public string Folder { get; }

    /// <summary>What is served under <c>/files/</c>.</summary>
    public string Files => Path.Combine(Folder, "www", "files");

    /// <summary>The folder above <see cref="Files"/>.</summary>
    public string Root => Path.Combine(Folder, "www");

    public string Chain => Path.Combine(Folder, "site.pem");

    /// <summary>Who has issued it.</summary>
    public string Authority => LocalCa.RootPathIn(LocalCa.FolderIn(Path.Combine(Folder, "ca")));

    public string Key => Path.Combine(Folder, "site.key");

    /// <summary>Both in one file, as HAProxy wants it.</summary>
    public string Both => Path.Combine(Folder, "both.pem");

    public int UpstreamPort { get; }

    /// <summary>A port that nobody listens on at this moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Writes a new certificate for the same names.</summary>
    public void RenewCertificate()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        ServerCertificate certificate = LocalCa.Open(Path.Combine(Folder, "ca"), now).Issue(["localhost", "127.0.0.1"], TimeSpan.FromDays(90), now);
        string chain = certificate.Leaf.ExportCertificatePem() + "\n";
        string key = certificate.Key.ExportPkcs8PrivateKeyPem() + "\n";
        Replace(Both, chain + key);
        Replace(Key, key);
        Replace(Chain, chain);
    }

    /// <summary>An nginx without TLS behind the compared servers; its own cost is not counted.</summary>
    /// <returns>False: there is no nginx here.</returns>
    public bool StartUpstream()
    {
        if (Programs.Find("nginx") is not { } nginx)
            return false;
        string file = Write("upstream.conf", string.Create(CultureInfo.InvariantCulture, $$"""
            worker_processes 1; daemon off; pid {{Folder}}/upstream.pid; error_log {{Folder}}/upstream.log crit;
            events { worker_connections 4000; }
            http { access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
              server { listen 127.0.0.1:{{UpstreamPort}}; location / { default_type text/plain; return 200 "{{Hello}}"; } } }
            """));
        _upstream = Programs.Start(nginx, ["-c", file, "-e", "/dev/null"]);
        return true;
    }

    /// <summary>Ends the upstream at once, with all that it is doing.</summary>
    public void StopUpstream()
    {
        if (_upstream is not null)
            Programs.Stop(_upstream);
        _upstream = null;
    }

    /// <summary>Writes a configuration file into the site's folder; answers its path.</summary>
    public string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose()
    {
        StopUpstream();
        Directory.Delete(Folder, recursive: true);
    }

    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    private void WriteRandom(string name, int length)
    {
        // Not compressible, the same each time.
        byte[] bytes = new byte[length];
        new Random(443).NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(Files, name), bytes);
    }
}
