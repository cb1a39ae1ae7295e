using System.ComponentModel;
using System.Diagnostics;
using Actors443.Certificates;
using Actors443.Server.Cli;

namespace Actors443.IntegrationTests.Cli;

public sealed class TrustStoreTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("a443-trust-");

    public void Dispose() => _home.Delete(recursive: true);

    [SkippableFact]
    public async Task The_root_goes_into_a_browsers_database_and_out_again()
    {
        string database = Path.Combine(_home.FullName, ".pki", "nssdb");
        Directory.CreateDirectory(database);
        Skip.IfNot(await TryCertutilAsync("-N", "-d", "sql:" + database, "--empty-password") is not null, "certutil (libnss3-tools) is not installed");
        LocalCa ca = LocalCa.Open(Path.Combine(_home.FullName, "state"), DateTimeOffset.UtcNow);
        ITrustStore store = Assert.Single(TrustStores.OfBrowsers(_home.FullName));

        Assert.Equal("was not there", store.Uninstall(ca));
        store.Install(ca);
        store.Install(ca);
        string? trusted = await TryCertutilAsync("-L", "-d", "sql:" + database);
        store.Uninstall(ca);
        string? after = await TryCertutilAsync("-L", "-d", "sql:" + database);

        Assert.Matches(@"Actors443 Local CA .*\s+C,,", trusted);
        Assert.DoesNotContain("Actors443", after, StringComparison.Ordinal);
    }

    [Fact]
    public void A_home_without_browsers_has_no_store() => Assert.Empty(TrustStores.OfBrowsers(_home.FullName));

    private static async Task<string?> TryCertutilAsync(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("certutil", arguments) { RedirectStandardOutput = true })!;
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return output;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
