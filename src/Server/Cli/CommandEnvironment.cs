using Actors443.Certificates;
using Actors443.Engine.Quic;
using Actors443.Server.Cli.Doctor;
using Actors443.Server.Configuration;
using Actors443.Server.Load;
using Actors443.Server.Load.Sessions;

namespace Actors443.Server.Cli;

/// <summary>What the commands need of the rest of the program.</summary>
internal sealed record CommandEnvironment
{
    public required CommandConsole Console { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Reads files and <c>--set</c> overrides.</summary>
    public required Func<IReadOnlyList<string>, IReadOnlyList<string>, LoadedSettings> LoadSettings { get; init; }

    /// <summary>Serves until the token is cancelled or the server fails; answers the exit code.</summary>
    public required Func<ServerStart, CancellationToken, Task<int>> Serve { get; init; }

    /// <summary>Looks at the certificates that the settings name, without serving them.</summary>
    public required Func<ServerSettings, CertificateCheck> CheckCertificates { get; init; }

    /// <summary>What this machine lacks for HTTP/3; null: nothing.</summary>
    public Func<string?> MissingQuic { get; init; } = () => QuicPlatform.Missing;

    /// <summary>What the kernel tells.</summary>
    public Machine Machine { get; init; } = new();

    /// <summary>The development CA of these settings.</summary>
    public required Func<ServerSettings, ILocalTrust> LocalTrust { get; init; }

    /// <summary>Drives the clients of <c>load</c>.</summary>
    public Func<ILoadRun> CreateLoadRun { get; init; } = () => new LoadRun(Environment.MachineName);

    /// <summary>The real thing.</summary>
    /// <param name="console">Where commands write.</param>
    /// <param name="serve">See <see cref="Serve"/>.</param>
    public static CommandEnvironment OfProcess(CommandConsole console, Func<ServerStart, CancellationToken, Task<int>> serve)
    {
        TimeProvider time = TimeProvider.System;
        return new CommandEnvironment
        {
            Console = console,
            Time = time,
            LoadSettings = ServerSettingsLoader.Load,
            Serve = serve,
            CheckCertificates = settings => CertificateCheck.Run(settings.Core.Certificates, time.GetUtcNow()),
            LocalTrust = settings => Cli.LocalTrust.Open(settings, time.GetUtcNow(), TrustStores.OfThisMachine()),
        };
    }
}

/// <summary>The development CA and the stores that trust it.</summary>
internal interface ILocalTrust
{
    /// <summary>Path of the root certificate (PEM). It is made if there is none yet.</summary>
    string RootPath { get; }

    /// <summary>SHA-256, in hexadecimal.</summary>
    string Fingerprint { get; }

    DateTimeOffset NotAfter { get; }

    /// <summary>Adds the root to the stores found on this machine; one line for each store, done or not.</summary>
    IReadOnlyList<TrustOutcome> Install();

    /// <summary>Takes it out of them.</summary>
    IReadOnlyList<TrustOutcome> Uninstall();
}

/// <summary>What became of one trust store.</summary>
internal sealed record TrustOutcome(string Store, bool Done, string Detail);
