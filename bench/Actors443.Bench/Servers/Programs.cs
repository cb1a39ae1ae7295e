using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Actors443.Bench.Servers;

/// <summary>Finds, starts and stops programs.</summary>
internal static partial class Programs
{
    private const int LinesKept = 40;
    private const int SigTerm = 15;
    private const int SigHup = 1;
    private const int SigUsr2 = 12;

    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"];

    private static readonly ConcurrentDictionary<Process, ConcurrentQueue<string>> Said = new();

    /// <summary>Full path; null: it is not installed.</summary>
    public static string? Find(string name) => Folders.Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    public static Process Start(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        // Somebody must read, or a talkative program stands still; the last lines say why one does not start, or has ended.
        var said = new ConcurrentQueue<string>();
        Said[process] = said;
        void Keep(object _, DataReceivedEventArgs line)
        {
            if (line.Data is not { Length: > 0 } text)
                return;
            said.Enqueue(text);
            if (said.Count > LinesKept)
                _ = said.TryDequeue(out string? _);
        }

        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>The last lines that a program wrote.</summary>
    public static string WhatItSaid(Process process) => Said.TryGetValue(process, out ConcurrentQueue<string>? said) ? string.Join('\n', said) : "";

    /// <summary>Runs a program to its end and answers what it wrote, standard error included.</summary>
    public static async Task<string> RunAsync(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output + await error;
    }

    public static void Terminate(Process process) => _ = kill(process.Id, SigTerm);

    public static void HangUp(Process process) => _ = kill(process.Id, SigHup);

    public static void UserSignal(Process process) => _ = kill(process.Id, SigUsr2);

    public static void Stop(Process process)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        Said.TryRemove(process, out _);
        process.Dispose();
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
