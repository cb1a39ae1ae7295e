using System.CommandLine;
using System.CommandLine.Invocation;
using System.Net.Quic;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Actors443.Hosting;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 version</c>: what this is and what it runs on.</summary>
internal static class VersionCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var json = JsonOption.Create();
        var command = new Command("version", "Show the version, the runtime, the engines and the TLS library.") { json };
        command.SetAction(arguments => Run(environment.Console, arguments.GetValue(json)));
        return (command, """
            Examples:
              actors443 version
              actors443 version --json
            """);
    }

    private static int Run(CommandConsole console, bool json)
    {
        VersionReport report = Collect();
        if (json)
        {
            console.WriteJson(report);
            return ExitCode.Done;
        }

        console.Output.WriteLine($"""
            actors443  {report.Version}{(report.Commit is null ? "" : $" ({report.Commit})")}
            runtime    {report.Runtime}, {report.Platform}
            engines    {string.Join(", ", report.Engines)}
            TLS        {report.TlsLibrary}
            QUIC       {(report.Quic ? "yes" : "no (libmsquic is not installed)")}
            """);
        return ExitCode.Done;
    }

    private static VersionReport Collect() => new(
        ServerVersion.Product,
        ServerVersion.Commit,
        RuntimeInformation.FrameworkDescription,
        $"{RuntimeInformation.OSDescription.Trim()} {RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}",
        EngineChoice.Available,
        DescribeTlsLibrary(),
        HasQuic());

    /// <summary>Name and version.</summary>
    public static string DescribeTlsLibrary()
    {
        if (OperatingSystem.IsWindows())
            return "Schannel";
        if (OperatingSystem.IsMacOS())
            return "Apple Security";
        long number = SafeEvpPKeyHandle.OpenSslVersion;
        // OPENSSL_VERSION_NUMBER of OpenSSL 3: MNN00PP0.
        return $"OpenSSL {number >> 28}.{(number >> 20) & 0xff}.{(number >> 4) & 0xff}";
    }

    private static bool HasQuic() => (OperatingSystem.IsLinux() || OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()) && QuicListener.IsSupported;

    private sealed record VersionReport(
        string Version, string? Commit, string Runtime, string Platform, IReadOnlyList<string> Engines, string TlsLibrary, bool Quic);
}

/// <summary><c>actors443 --version</c>: the number alone.</summary>
internal sealed class VersionNumber : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine(ServerVersion.Product);
        return ExitCode.Done;
    }
}
