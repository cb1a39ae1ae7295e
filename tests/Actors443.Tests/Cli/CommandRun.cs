using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Server.Cli;
using Actors443.Server.Configuration;
using Actors443.Server.Load;

namespace Actors443.Tests.Cli;

/// <summary>A command line carried out in this process, with what it wrote.</summary>
internal sealed class CommandRun
{
    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public IReadOnlyList<string> ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public int ExitCode { get; private set; } = -1;

    /// <summary>What the server was started with; null: it was not.</summary>
    public ServerStart? Started { get; private set; }

    public bool IsTerminal { get; init; }

    public bool Colour { get; init; }

    public int Width { get; init; } = 160;

    public LoadedSettings Settings { get; init; } = new(new ServerSettings(), [], []);

    public CertificateCheck Certificates { get; init; } = new([], [], []);

    public ILocalTrust Trust { get; init; } = new FakeTrust([]);

    public int ServerAnswers { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoadRun? LoadRun { get; init; }

    /// <summary>Null: <see cref="Settings"/> whatever is asked for.</summary>
    public Func<IReadOnlyList<string>, IReadOnlyList<string>, LoadedSettings>? Load { get; init; }

    /// <summary>Null: this machine speaks HTTP/3.</summary>
    public string? MissingQuic { get; init; }

    public static SettingsProblem Problem(string message) => new(SettingsSeverity.Error, "site.conf", 3, "actors443.https.bind", message);

    public async Task<CommandRun> InvokeAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var environment = new CommandEnvironment
        {
            Console = new CommandConsole(output, error, IsTerminal, IsTerminal, Colour, Width),
            Time = Time,
            LoadSettings = Load ?? ((_, _) => Settings),
            Serve = (start, _) =>
            {
                Started = start;
                return Task.FromResult(ServerAnswers);
            },
            CheckCertificates = _ => Certificates,
            MissingQuic = () => MissingQuic,
            LocalTrust = _ => Trust,
            CreateLoadRun = () => LoadRun ?? throw new InvalidOperationException("Nothing was to be loaded."),
        };
        ExitCode = await new CommandLine(environment).InvokeAsync(arguments);
        (Output, Error) = (output.ToString(), error.ToString());
        return this;
    }
}

internal sealed class FakeTrust(IReadOnlyList<TrustOutcome> outcomes) : ILocalTrust
{
    public string RootPath => "/state/local-ca/root.crt";

    public string Fingerprint => "AB12";

    public DateTimeOffset NotAfter { get; } = new(2036, 1, 2, 0, 0, 0, TimeSpan.Zero);

    public int Installed { get; private set; }

    public int Uninstalled { get; private set; }

    public IReadOnlyList<TrustOutcome> Install()
    {
        Installed++;
        return outcomes;
    }

    public IReadOnlyList<TrustOutcome> Uninstall()
    {
        Uninstalled++;
        return outcomes;
    }
}
