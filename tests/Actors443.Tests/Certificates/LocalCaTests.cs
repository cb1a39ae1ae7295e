using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Cluster.Identity;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

public sealed class LocalCaTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    private readonly TemporaryFolder _state = new();

    private string Folder => LocalCa.FolderIn(_state.Path);

    private string KeyPath => Path.Combine(Folder, "root.key");

    public void Dispose() => _state.Dispose();

    [Fact]
    public void It_is_made_once_and_found_again()
    {
        LocalCa made = LocalCa.Open(_state.Path, Now);
        LocalCa found = LocalCa.Open(_state.Path, Now.AddDays(100));

        Assert.Equal(made.Root.Thumbprint, found.Root.Thumbprint);
        Assert.True(made.Root.NotAfter > Now.AddYears(9).UtcDateTime);
        Assert.StartsWith("Actors443 Local CA ", made.Root.GetNameInfo(X509NameType.SimpleName, false), StringComparison.Ordinal);
        Assert.Equal([made.RootPath, KeyPath], Directory.GetFiles(Folder).Order());
        Assert.Equal([Folder], Directory.GetDirectories(_state.Path));
    }

    [SkippableFact]
    public void Its_keys_are_for_the_owner_alone_and_its_root_for_all()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");
        LocalCa ca = LocalCa.Open(_state.Path, Now);
        ca.Issue(["a.test"], Month, Now);

#pragma warning disable CA1416 // Skipped on Windows.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Directory.GetFiles(Folder, "*.pem"))));
        Assert.True(File.GetUnixFileMode(ca.RootPath).HasFlag(UnixFileMode.OtherRead));
#pragma warning restore CA1416
    }

    [SkippableTheory]
    [InlineData("640")]
    [InlineData("604")]
    [InlineData("620")]
    public void A_key_that_others_have_rights_to_is_refused(string mode)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");
        LocalCa.Open(_state.Path, Now);
#pragma warning disable CA1416 // Skipped on Windows.
        File.SetUnixFileMode(KeyPath, (UnixFileMode)Convert.ToInt32(mode, 8));
#pragma warning restore CA1416

        Refused(KeyPath, "chmod 600");
    }

    [Fact]
    public void A_damaged_root_is_refused_and_never_replaced_by_itself()
    {
        LocalCa ca = LocalCa.Open(_state.Path, Now);
        byte[] key = File.ReadAllBytes(KeyPath);
        File.WriteAllText(ca.RootPath, "no certificate");

        Refused(Folder, "is damaged", "restore root.crt and root.key, or remove the folder");
        Assert.Equal(key, File.ReadAllBytes(KeyPath));
    }

    [Theory]
    [InlineData("root.key")]
    [InlineData("root.crt")]
    public void Half_a_root_is_refused(string lost)
    {
        LocalCa.Open(_state.Path, Now);
        File.Delete(Path.Combine(Folder, lost));

        Refused(Folder, "is damaged", lost);
    }

    [Fact]
    public void The_key_of_another_root_is_refused()
    {
        using var other = new TemporaryFolder();
        LocalCa.Open(_state.Path, Now);
        LocalCa.Open(other.Path, Now);
        File.Copy(Path.Combine(LocalCa.FolderIn(other.Path), "root.key"), KeyPath, overwrite: true);

        Refused(Folder, "is damaged");
    }

    [Fact]
    public void A_state_directory_that_is_a_file_is_refused()
    {
        string file = _state.Write("state", "");

        CertificateException refusal = Assert.Throws<CertificateException>(() => LocalCa.Open(file, Now));
        Assert.Contains("set state-directory", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_it_issues_is_for_just_those_names_and_trusted_with_its_root()
    {
        LocalCa ca = LocalCa.Open(_state.Path, Now);

        ServerCertificate issued = ca.Issue(["localhost", "*.a.test", "127.0.0.1", "::1"], Month, Now);

        Assert.Equal(["localhost", "*.a.test", "127.0.0.1", "::1"], issued.Names);
        Assert.Equal(LocalCa.SourceName, issued.Source);
        Assert.Equal(Now + Month, issued.NotAfter);
        Assert.True(IsTrusted(issued.Leaf, ca.Root, Now));
    }

    [Fact]
    public void A_name_beyond_ascii_is_issued_as_clients_send_it() =>
        Assert.Equal(["xn--bcher-kva.test", "*.xn--bcher-kva.test"], LocalCa.Open(_state.Path, Now).Issue(["Bücher.test", "*.bücher.test"], Month, Now).Names);

    [Theory]
    [InlineData("a..test")]
    [InlineData("not a host")]
    [InlineData("*.")]
    [InlineData("")]
    public void A_name_that_is_none_is_refused(string name)
    {
        LocalCa ca = LocalCa.Open(_state.Path, Now);

        CertificateException refusal = Assert.Throws<CertificateException>(() => ca.Issue(["a.test", name], Month, Now));
        Assert.Equal($"certificates.local-ca.names: \"{name}\" is neither a host name nor an IP address; correct it.", refusal.Message);
    }

    [Fact]
    public void A_certificate_is_kept_until_a_third_of_its_life_is_left()
    {
        LocalCa ca = LocalCa.Open(_state.Path, Now);
        ServerCertificate issued = ca.Issue(["a.test"], Month, Now);

        Assert.Equal(issued.Thumbprint, ca.Issue(["a.test"], Month, Now.AddDays(19)).Thumbprint);
        Assert.Equal(issued.Thumbprint, LocalCa.Open(_state.Path, Now).Issue(["a.test"], Month, Now.AddDays(19)).Thumbprint);
        ServerCertificate renewed = ca.Issue(["a.test"], Month, Now.AddDays(21));
        Assert.NotEqual(issued.Thumbprint, renewed.Thumbprint);
        Assert.Equal(Now.AddDays(51), renewed.NotAfter);
        Assert.Single(Directory.GetFiles(Folder, "*.pem"));
    }

    [Fact]
    public void Each_set_of_names_has_its_own()
    {
        LocalCa ca = LocalCa.Open(_state.Path, Now);

        Assert.NotEqual(ca.Issue(["a.test"], Month, Now).Thumbprint, ca.Issue(["a.test", "b.test"], Month, Now).Thumbprint);
        Assert.Equal(2, Directory.GetFiles(Folder, "a.test-*.pem").Length);
    }

    [Fact]
    public void A_damaged_certificate_is_made_anew()
    {
        LocalCa ca = LocalCa.Open(_state.Path, Now);
        ServerCertificate issued = ca.Issue(["a.test"], Month, Now);
        string path = Assert.Single(Directory.GetFiles(Folder, "*.pem"));
        File.WriteAllText(path, File.ReadAllText(path)[..200]);

        ServerCertificate again = ca.Issue(["a.test"], Month, Now);

        Assert.NotEqual(issued.Thumbprint, again.Thumbprint);
        Assert.True(IsTrusted(again.Leaf, ca.Root, Now));
    }

    [Fact]
    public void A_certificate_of_a_former_root_is_not_kept()
    {
        using var former = new TemporaryFolder();
        LocalCa.Open(former.Path, Now).Issue(["a.test"], Month, Now);
        LocalCa ca = LocalCa.Open(_state.Path, Now);
        string left = Assert.Single(Directory.GetFiles(LocalCa.FolderIn(former.Path), "*.pem"));
        File.Copy(left, Path.Combine(Folder, Path.GetFileName(left)));

        Assert.True(IsTrusted(ca.Issue(["a.test"], Month, Now).Leaf, ca.Root, Now));
    }

    [Fact]
    public void No_certificate_outlives_the_root_and_an_expired_root_issues_none()
    {
        LocalCa ca = LocalCa.Open(_state.Path, Now);
        DateTimeOffset end = ca.Root.NotAfter;

        ServerCertificate last = ca.Issue(["a.test"], Month, end.AddDays(-1));
        CertificateException refusal = Assert.Throws<CertificateException>(() => ca.Issue(["a.test"], Month, end));

        Assert.Equal(end, last.NotAfter);
        Assert.Equal(last.Thumbprint, ca.Issue(["a.test"], Month, end.AddMinutes(-1)).Thumbprint);
        Assert.Contains("the local CA expired on 2036-", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("actors443 trust --install", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clock_set_back_is_borne() =>
        Assert.Equal(["a.test"], LocalCa.Open(_state.Path, Now).Issue(["a.test"], Month, Now.AddMinutes(-30)).Names);

    [Fact]
    public async Task All_who_open_it_at_once_have_the_same_root_and_trusted_certificates()
    {
        using var start = new Barrier(8);

        (LocalCa Ca, ServerCertificate Issued)[] all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                LocalCa ca = LocalCa.Open(_state.Path, Now);
                return (ca, ca.Issue(["a.test"], Month, Now));
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.Single(all.Select(one => one.Ca.Root.Thumbprint).Distinct());
        Assert.All(all, one => Assert.True(IsTrusted(one.Issued.Leaf, all[0].Ca.Root, Now)));
        Assert.Equal([Folder], Directory.GetDirectories(_state.Path));
    }

    private void Refused(params string[] saying)
    {
        CertificateException refusal = Assert.Throws<CertificateException>(() => LocalCa.Open(_state.Path, Now));
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.All(saying, words => Assert.Contains(words, refusal.Message, StringComparison.Ordinal));
    }

    private static bool IsTrusted(X509Certificate2 leaf, X509Certificate2 root, DateTimeOffset at)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = at.UtcDateTime;
        return chain.Build(leaf);
    }

    [Fact]
    public void Of_servers_with_the_same_key_whoever_trusts_one_trusts_all()
    {
        var keys = new ClusterKeys("a secret of at least thirty-two bytes"u8);
        using var other = new TemporaryFolder();
        LocalCa one = LocalCa.Open(_state.Path, Now, keys.OpenLocalCa);
        LocalCa two = LocalCa.Open(other.Path, Now.AddDays(3), keys.OpenLocalCa);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(one.Root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = Now.AddDays(4).UtcDateTime;

        Assert.True(chain.Build(two.Issue(["a.test"], Month, Now.AddDays(3)).Leaf), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
        Assert.Equal(one.Root.Subject, two.Root.Subject);
    }
}
