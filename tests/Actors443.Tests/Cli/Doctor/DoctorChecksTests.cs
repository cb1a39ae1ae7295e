using System.Net;
using System.Net.Sockets;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.Cli.Doctor;
using Actors443.Server.Configuration;
using Actors443.Testing;

namespace Actors443.Tests.Cli.Doctor;

public sealed class DoctorChecksTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [SkippableFact]
    public void A_port_on_which_another_program_listens_is_a_problem_unless_it_is_our_server()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux tells who listens in files");
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        ServerSettings settings = Settings((IPEndPoint)other.LocalEndpoint);

        Finding taken = Https(PortChecks.Look(settings, new Machine(), isRunning: false));
        Assert.Equal(FindingGrade.Problem, taken.Grade);
        Assert.Contains("another program listens there", taken.Text, StringComparison.Ordinal);
        Assert.Contains("ss -ltnp", taken.Fix, StringComparison.Ordinal);
        Assert.Equal(FindingGrade.Good, Https(PortChecks.Look(settings, new Machine(), isRunning: true)).Grade);

        other.Stop();
        Assert.Equal(FindingGrade.Good, Https(PortChecks.Look(settings, new Machine(), isRunning: false)).Grade);
    }

    [Fact]
    public void An_address_that_the_machine_does_not_have_is_a_problem()
    {
        Finding strange = Https(PortChecks.Look(Settings(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8443)), new Machine(), isRunning: false));

        Assert.Equal(FindingGrade.Problem, strange.Grade);
        Assert.Contains("no such address", strange.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("net/core/somaxconn", "128", "net.core.somaxconn=4096")]
    [InlineData("net/ipv4/tcp_syncookies", "0", "tcp_syncookies=1")]
    [InlineData("net/netfilter/nf_conntrack_max", "65536", "nf_conntrack_max=200000")]
    [InlineData("net/ipv4/ip_local_port_range", "32768\t33000", "ip_local_port_range")]
    [InlineData("net/core/rmem_max", "212992", "rmem_max=2500000")]
    public void A_kernel_setting_that_is_in_the_way_has_its_command(string name, string value, string fix)
    {
        Write("proc/sys/" + name, value);

        Finding finding = Assert.Single(LimitChecks.Look(new ServerSettings(), new Machine(_root.Path)));

        Assert.InRange(finding.Grade, FindingGrade.Hint, FindingGrade.Warning);
        Assert.Contains(fix, finding.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1024                 4096", nameof(FindingGrade.Warning))]
    [InlineData("1024                 1048576", nameof(FindingGrade.Good))]
    [InlineData("unlimited            unlimited", nameof(FindingGrade.Good))]
    public void So_many_descriptors_as_connections_are_needed_and_some(string limits, string grade)
    {
        Write("proc/self/limits", $"Limit                     Soft Limit           Hard Limit           Units     \nMax open files            {limits}              files     \n");

        Assert.Equal(grade, Assert.Single(LimitChecks.Look(new ServerSettings(), new Machine(_root.Path))).Grade.ToString());
    }

    [Fact]
    public void Nothing_that_the_kernel_does_not_tell_is_found_fault_with() => Assert.Empty(LimitChecks.Look(new ServerSettings(), new Machine(_root.Path)));

    [SkippableFact]
    public void Keys_that_others_can_read_and_files_of_the_future_are_found()
    {
        if (OperatingSystem.IsWindows())
            throw new SkipException("Windows has no file modes");
        string key = _root.Write("site.key", "secret");
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        string future = _root.Write("tickets", "");
        File.SetLastWriteTimeUtc(future, DateTime.UtcNow.AddDays(2));
        File.SetUnixFileMode(_root.Path, (UnixFileMode)0b111_000_111);

        Finding[] findings = [.. StateChecks.Look(new ServerSettings { Core = new Actors443Settings { StateDirectory = _root.Path } }, DateTimeOffset.UtcNow)];

        Assert.Contains(findings, finding => finding.Grade == FindingGrade.Problem && finding.Fix!.StartsWith($"chmod 0600 {key}", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.Grade == FindingGrade.Warning && finding.Check == "clock" && finding.Text.StartsWith(future, StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.Fix == $"chmod 0700 {_root.Path}");
    }

    [Fact]
    public void A_state_directory_that_cannot_be_made_is_a_problem_and_one_that_can_is_none()
    {
        string file = _root.Write("file", "");

        Assert.Equal(FindingGrade.Problem, Assert.Single(Look(Path.Combine(file, "state"))).Grade);
        Assert.Equal(FindingGrade.Good, Assert.Single(Look(Path.Combine(_root.Path, "some", "state"))).Grade);

        static IEnumerable<Finding> Look(string folder) => StateChecks.Look(new ServerSettings { Core = new Actors443Settings { StateDirectory = folder } }, DateTimeOffset.UtcNow);
    }

    [Theory]
    [InlineData(-100, -1, nameof(FindingGrade.Problem), "has expired")]
    [InlineData(1, 90, nameof(FindingGrade.Problem), "is not valid before")]
    [InlineData(-80, 10, nameof(FindingGrade.Warning), "expires on")]
    [InlineData(-10, 80, nameof(FindingGrade.Good), "the first to expire on")]
    public void Certificates_are_looked_at_by_their_dates(int from, int until, string grade, string said)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var certificate = new CertificateInfo { Names = ["shop.example"], Key = "ECDSA P-256", Issuer = "A CA", NotBefore = now.AddDays(from), NotAfter = now.AddDays(until), Source = "shop.pem", Fingerprint = "00" };

        Finding worst = CertificateChecks.Look([], [certificate], now).OrderByDescending(finding => finding.Grade).First();

        Assert.Equal(grade, worst.Grade.ToString());
        Assert.Contains(said, worst.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_check_says_is_parted_into_what_is_wrong_and_what_to_do()
    {
        Finding finding = Assert.Single(CertificateChecks.Look(["a.pem: the key is missing; put it beside; or there."], [], DateTimeOffset.UtcNow));

        Assert.Equal(("a.pem: the key is missing; put it beside", "or there."), (finding.Text, finding.Fix));
    }

    private static ServerSettings Settings(IPEndPoint https) => new()
    {
        Core = new Actors443Settings { Https = new HttpsSettings { Bind = [https], BindIsExplicit = true }, Http = new HttpSettings { Enabled = false } },
        Admin = new AdminSettings { Enabled = false },
    };

    private static Finding Https(IEnumerable<Finding> findings) => Assert.Single(findings);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_root.Path, path))!);
        File.WriteAllText(Path.Combine(_root.Path, path), text);
    }
}
