using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

/// <summary>What repeated looks at changing files find.</summary>
public sealed class CertificateFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _root = new();
    private readonly CertificateFiles _files;
    private DateTimeOffset _now;

    public CertificateFilesTests()
    {
        _now = _root.Now;
        _files = InFolder();
    }

    public void Dispose()
    {
        _root.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Unchanged_files_keep_the_same_certificate()
    {
        _root.Issue("a.test").WritePair(_folder, "a");

        ServerCertificate first = Assert.Single(Scan().Certificates);

        Assert.Same(first, Assert.Single(Scan(TimeSpan.FromMinutes(1)).Certificates));
        Assert.Same(first, Assert.Single(Scan(TimeSpan.FromMinutes(1)).Certificates));
    }

    [Fact]
    public void The_same_content_written_again_keeps_the_same_certificate()
    {
        TestCertificate issued = _root.Issue("a.test");
        issued.WritePair(_folder, "a");
        ServerCertificate first = Assert.Single(Scan().Certificates);

        issued.WritePair(_folder, "a");

        Assert.Same(first, Assert.Single(Scan(TimeSpan.FromMinutes(1)).Certificates));
    }

    [Fact]
    public void Files_renamed_over_the_old_ones_are_read()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        Scan();

        TestCertificate renewed = _root.Issue("a.test");
        renewed.WritePair(_folder, ".new.pem", ".new.key");
        File.Move(PathOf(".new.key"), PathOf("a.key"), overwrite: true);
        File.Move(PathOf(".new.pem"), PathOf("a.pem"), overwrite: true);

        Serves(Scan(), renewed);
    }

    [Fact]
    public void A_file_that_keeps_its_time_and_length_is_read_when_another_is_moved_there()
    {
        string at = PathOf("one.pem");
        DateTime written = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        (TestCertificate first, TestCertificate second) = TwoOfTheSameLength();
        first.WriteSingle(_folder, "one.pem");
        File.SetLastWriteTimeUtc(at, written);
        Serves(Scan(), first);

        second.WriteSingle(_folder, ".two");
        File.SetLastWriteTimeUtc(PathOf(".two"), written);
        File.Move(PathOf(".two"), at, overwrite: true);

        Serves(Scan(), second);
    }

    [Fact]
    public void A_swapped_link_to_a_folder_is_followed_as_kubernetes_swaps_it()
    {
        TestCertificate first = _root.Issue("a.test");
        first.WritePair(_folder, "..1/tls.crt", "..1/tls.key");
        SymbolicLink.Point(PathOf("..data"), "..1");
        File.CreateSymbolicLink(PathOf("tls.crt"), "..data/tls.crt");
        File.CreateSymbolicLink(PathOf("tls.key"), "..data/tls.key");
        Serves(Scan(), first);

        TestCertificate second = _root.Issue("a.test");
        second.WritePair(_folder, "..2/tls.crt", "..2/tls.key");
        DateTime same = File.GetLastWriteTimeUtc(PathOf("..1/tls.crt"));
        File.SetLastWriteTimeUtc(PathOf("..2/tls.crt"), same);
        SymbolicLink.Point(PathOf("..data"), "..2");
        Directory.Delete(PathOf("..1"), recursive: true);

        FileScan scan = Scan(TimeSpan.FromMinutes(1));
        Serves(scan, second);
        Assert.Empty(scan.Problems);
    }

    [Fact]
    public void A_half_written_pair_is_refused_while_the_old_one_is_served_and_read_when_it_is_whole()
    {
        TestCertificate old = _root.Issue("a.test");
        old.WritePair(_folder, "a");
        ServerCertificate served = Assert.Single(Scan().Certificates);
        TestCertificate renewed = _root.Issue("a.test");

        // The order in which a tool that writes in place leaves them, one at a time.
        foreach ((string chain, string key) in new[]
        {
            ("", old.KeyPem), (renewed.ChainPem[..300], old.KeyPem), (renewed.ChainPem, old.KeyPem), (renewed.ChainPem, ""), (renewed.ChainPem, renewed.KeyPem[..60]),
        })
        {
            _folder.Write("a.pem", chain);
            _folder.Write("a.key", key);
            FileScan scan = Scan();
            Assert.Same(served, Assert.Single(scan.Certificates));
            Assert.Contains(_folder.Path, Assert.Single(scan.Problems).Message, StringComparison.Ordinal);
        }

        renewed.WritePair(_folder, "a");

        FileScan whole = Scan();
        Serves(whole, renewed);
        Assert.Empty(whole.Problems);
    }

    [Fact]
    public void A_problem_stands_since_the_files_last_changed()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        Scan();
        DateTimeOffset first = _now;

        _folder.Write("a.key", "bad");
        Assert.Equal(first, Assert.Single(Scan().Problems).Since);
        Assert.Equal(first, Assert.Single(Scan(TimeSpan.FromSeconds(2)).Problems).Since);
        _folder.Write("a.key", "still bad");
        FileProblem changed = Assert.Single(Scan(TimeSpan.FromSeconds(2)).Problems);
        Assert.Equal(_now, changed.Since);
    }

    [Fact]
    public void A_file_that_is_bad_at_first_is_not_served_and_does_not_hide_the_others()
    {
        _root.IssueExpired("a.test").WritePair(_folder, "a");
        TestCertificate good = _root.Issue("b.test");
        good.WritePair(_folder, "b");

        FileScan scan = Scan();

        Serves(scan, good);
        Assert.Contains("a.pem: It expired", Assert.Single(scan.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_was_too_early_is_served_when_its_time_has_come()
    {
        TestCertificate early = _root.IssueNotYetValid("a.test");
        early.WritePair(_folder, "a");
        Assert.Empty(Scan().Certificates);

        FileScan scan = Scan(TimeSpan.FromHours(25));

        Serves(scan, early);
        Assert.Empty(scan.Problems);
    }

    [Fact]
    public void A_certificate_that_expires_while_it_is_served_stays()
    {
        TestCertificate issued = _root.Issue("a.test");
        issued.WritePair(_folder, "a");
        Scan();

        Serves(Scan(TimeSpan.FromDays(100)), issued);
    }

    [Fact]
    public void A_deleted_file_takes_nothing_away_and_is_told()
    {
        TestCertificate issued = _root.Issue("a.test");
        issued.WritePair(_folder, "a");
        Scan();

        File.Delete(PathOf("a.pem"));
        File.Delete(PathOf("a.key"));

        FileScan scan = Scan();
        Serves(scan, issued);
        FileProblem gone = Assert.Single(scan.Problems);
        Assert.True(gone.IsGone);
        Assert.StartsWith(PathOf("a.pem") + ": the file is gone", gone.Message, StringComparison.Ordinal);

        TestCertificate back = _root.Issue("a.test");
        back.WritePair(_folder, "a");
        scan = Scan();
        Serves(scan, back);
        Assert.Empty(scan.Problems);
    }

    [Fact]
    public void A_deleted_folder_takes_nothing_away()
    {
        TestCertificate issued = _root.Issue("a.test");
        issued.WritePair(_folder, "live/tls.crt", "live/tls.key");
        CertificateFiles files = new(new CertificateSettings { Directories = [PathOf("live")] });
        files.Scan(_now);

        Directory.Delete(PathOf("live"), recursive: true);

        FileScan scan = files.Scan(_now);
        Serves(scan, issued);
        Assert.Equal([false, true], scan.Problems.Select(problem => problem.IsGone));
        Assert.Contains("there is no folder", scan.Problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deleted_file_is_given_up_when_another_covers_its_names()
    {
        _root.Issue("a.test").WritePair(_folder, "2025");
        Scan();
        TestCertificate next = _root.Issue("a.test", "b.test");

        next.WritePair(_folder, "2026");
        Assert.Equal(2, Scan().Certificates.Count);
        File.Delete(PathOf("2025.pem"));

        FileScan scan = Scan();
        Serves(scan, next);
        Assert.Empty(scan.Problems);
    }

    [Fact]
    public void A_deleted_file_is_not_given_up_for_one_with_another_kind_of_key()
    {
        _root.IssueRsa("a.test").WritePair(_folder, "rsa");
        _root.Issue("a.test").WritePair(_folder, "ecdsa");
        Scan();

        File.Delete(PathOf("rsa.pem"));

        Assert.Equal(2, Scan().Certificates.Count);
    }

    [Fact]
    public void A_chain_that_changes_under_the_same_certificate_is_read()
    {
        using TestCertificates intermediate = _root.Intermediate();
        TestCertificate issued = intermediate.Issue("a.test");
        _folder.Write("a.key", issued.KeyPem);
        _folder.Write("a.pem", issued.LeafPem);
        Assert.Empty(Assert.Single(Scan().Certificates).Issuers);

        _folder.Write("a.pem", issued.ChainPem);

        Assert.Single(Assert.Single(Scan().Certificates).Issuers);
    }

    [Fact]
    public void A_corrected_password_file_heals()
    {
        TestCertificate issued = _root.Issue("a.test");
        issued.WritePfx(_folder, "a.pfx", "secret", setting: null);
        Assert.Single(Scan().Problems);

        _folder.Write("a.pfx.password", "secret");

        FileScan scan = Scan();
        Serves(scan, issued);
        Assert.Empty(scan.Problems);
    }

    [Fact]
    public void The_same_certificate_in_two_files_is_served_once()
    {
        TestCertificate issued = _root.Issue("a.test");
        CertificateFileSettings named = issued.WritePair(_folder, "a");
        issued.WriteSingle(_folder, "b.pem");

        Serves(new CertificateFiles(new CertificateSettings { Files = [named, named], Directories = [_folder.Path] }).Scan(_now), issued);
    }

    [Fact]
    public void Files_named_in_the_settings_come_before_those_of_folders()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        CertificateFileSettings named = _root.Issue("z.test").WritePair(_folder, "z");

        FileScan scan = new CertificateFiles(new CertificateSettings { Files = [named], Directories = [_folder.Path] }).Scan(_now);

        Assert.Equal(["z.test", "a.test"], scan.Certificates.SelectMany(certificate => certificate.Names));
    }

    [Fact]
    public void What_is_served_stays_when_its_file_is_bad_at_the_first_look_of_new_settings()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        ServerCertificate served = Assert.Single(Scan().Certificates);
        _folder.Write("a.key", "bad");

        FileScan scan = InFolder(served).Scan(_now);

        Assert.Same(served, Assert.Single(scan.Certificates));
        Assert.Single(scan.Problems);
    }

    [Fact]
    public void What_is_served_stays_the_same_object_under_new_settings()
    {
        _root.Issue("a.test").WritePair(_folder, "a");
        ServerCertificate served = Assert.Single(Scan().Certificates);

        Assert.Same(served, Assert.Single(InFolder(served).Scan(_now).Certificates));
    }

    [Fact]
    public void The_folders_of_links_and_of_what_they_point_to_are_watched()
    {
        _root.Issue("a.test").WritePair(_folder, "archive/a1.pem", "archive/a1.key");
        Directory.CreateDirectory(PathOf("live"));
        File.CreateSymbolicLink(PathOf("live/a.pem"), "../archive/a1.pem");
        var settings = new CertificateSettings
        {
            Files = [new() { Chain = PathOf("live/a.pem"), Key = PathOf("archive/a1.key") }],
            Directories = [PathOf("certs")],
        };

        Assert.Equal(
            new Dictionary<string, bool> { [PathOf("live")] = false, [PathOf("archive")] = false, [PathOf("certs")] = true },
            new CertificateFiles(settings).WatchedFolders().ToDictionary());
    }

    private static void Serves(FileScan scan, TestCertificate expected) => Assert.Equal(expected.Thumbprint, Assert.Single(scan.Certificates).Thumbprint);

    private CertificateFiles InFolder(params ServerCertificate[] served) => new(new CertificateSettings { Directories = [_folder.Path] }, served);

    private FileScan Scan(TimeSpan later = default)
    {
        _now += later;
        return _files.Scan(_now);
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    // ECDSA signatures differ in length by a byte or two.
    private (TestCertificate First, TestCertificate Second) TwoOfTheSameLength()
    {
        TestCertificate first = _root.Issue("a.test");
        while (true)
        {
            TestCertificate second = _root.Issue("a.test");
            if (second.ChainPem.Length == first.ChainPem.Length)
                return (first, second);
        }
    }
}
