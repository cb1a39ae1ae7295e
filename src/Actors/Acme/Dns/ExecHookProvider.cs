using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Actors443.Acme.Dns;

/// <summary>A program of the operator's that adds and removes records.</summary>
/// <param name="Program">Path, or a name on the path.</param>
internal sealed record ExecHookSettings(string Program)
{
    /// <summary>Before those that are added.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Besides the server's own environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Then it is killed, with what it has started.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>
/// Records by a program: <c>PROGRAM ARGUMENTS present|cleanup DOMAIN RECORD VALUE</c>, the same in ACTORS443_ACME_ACTION, _DOMAIN, _RECORD and _VALUE. Exit code 0 is
/// done; anything else failed, and what it wrote to stderr says why. Thread-safe.
/// </summary>
internal sealed class ExecHookProvider(ExecHookSettings settings) : IDnsChallengeProvider
{
    private const int LongestErrors = 2000;

    public string Name => $"exec {settings.Program}";

    public Task PresentAsync(DnsChallengeRecord record, CancellationToken cancellationToken) => RunAsync("present", record, cancellationToken);

    public Task CleanUpAsync(DnsChallengeRecord record, CancellationToken cancellationToken) => RunAsync("cleanup", record, cancellationToken);

    private async Task RunAsync(string action, DnsChallengeRecord record, CancellationToken cancellationToken)
    {
        // No shell: nothing in a name is ever read as a command.
        var start = new ProcessStartInfo(settings.Program, [.. settings.Arguments, action, record.Domain, record.Name, record.Value])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in settings.Environment)
            start.Environment[name] = value;
        start.Environment["ACTORS443_ACME_ACTION"] = action;
        start.Environment["ACTORS443_ACME_DOMAIN"] = record.Domain;
        start.Environment["ACTORS443_ACME_RECORD"] = record.Name;
        start.Environment["ACTORS443_ACME_VALUE"] = record.Value;
        using Process process = Start(start);
        process.StandardInput.Close();
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, line) => Append(errors, line.Data);
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.Timeout);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException cause)
        {
            process.Kill(entireProcessTree: true);
            if (cancellationToken.IsCancellationRequested)
                throw;
            throw new DnsChallengeException($"{Name} {action} {record.Name} did not end within {settings.Timeout.TotalSeconds:0.#} s and was killed{Words(errors)}.", cause);
        }

        if (process.ExitCode != 0)
            throw new DnsChallengeException(string.Create(CultureInfo.InvariantCulture, $"{Name} {action} {record.Name} ended with {process.ExitCode}{Words(errors)}."));
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new DnsChallengeException($"{Name} could not be started.");
        }
        catch (Exception cause) when (cause is Win32Exception or InvalidOperationException)
        {
            throw new DnsChallengeException($"{Name} could not be started: {cause.Message}.", cause);
        }
    }

    private static void Append(StringBuilder errors, string? line)
    {
        lock (errors)
        {
            if (line is not null && errors.Length < LongestErrors)
                errors.Append(errors.Length > 0 ? " | " : "").Append(line.AsSpan(0, Math.Min(line.Length, LongestErrors)));
        }
    }

    private static string Words(StringBuilder errors)
    {
        lock (errors)
            return errors.Length > 0 ? $": {errors}" : " and wrote nothing to stderr";
    }
}
