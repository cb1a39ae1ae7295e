using System.CommandLine;
using System.CommandLine.Parsing;
using Actors443.Configuration;
using Actors443.Configuration.Reading;
using Actors443.Server.Configuration;

namespace Actors443.Server.Cli;

/// <summary><c>[FILE…] [--set key=value]…</c>: which settings a command works with.</summary>
internal sealed class SettingsSource
{
    private readonly Argument<string[]> _files = new("FILE")
    {
        Description = "Configuration files (HOCON); a later one overrides an earlier one. None: the built-in configuration.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _overrides = new("--set")
    {
        Description = "Override one setting; may be given again. Any key of reference.conf, with or without the leading 'actors443.'.",
        HelpName = "key=value",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public SettingsSource()
    {
        _files.Validators.Add(RefuseUnknownOptions);
        _overrides.Validators.Add(RefuseEmptyKeys);
    }

    public void AddTo(Command command)
    {
        command.Add(_files);
        command.Add(_overrides);
    }

    /// <summary>The settings; null if they are bad, with every problem then written to standard error.</summary>
    public ServerSettings? Load(ParseResult arguments, CommandEnvironment environment) => LoadAndReport(arguments, environment).Settings;

    /// <summary>The load, with every problem written to standard error.</summary>
    public LoadedSettings LoadAndReport(ParseResult arguments, CommandEnvironment environment) => LoadAndReport(Files(arguments), Overrides(arguments), environment);

    /// <inheritdoc cref="LoadAndReport(ParseResult, CommandEnvironment)"/>
    public static LoadedSettings LoadAndReport(IReadOnlyList<string> files, IReadOnlyList<string> overrides, CommandEnvironment environment)
    {
        LoadedSettings loaded = environment.LoadSettings(files, overrides);
        foreach (SettingsProblem problem in loaded.Problems)
            environment.Console.WriteError(problem.ToString());
        return loaded;
    }

    public IReadOnlyList<string> Files(ParseResult arguments) => arguments.GetValue(_files) ?? [];

    public IReadOnlyList<string> Overrides(ParseResult arguments) => arguments.GetValue(_overrides) ?? [];

    private static void RefuseUnknownOptions(ArgumentResult files)
    {
        if (files.Tokens.FirstOrDefault(token => token.Value.StartsWith('-')) is not { } unknown)
            return;
        Command command = ((CommandResult)files.Parent!).Command;
        string? meant = KeySuggestion.Nearest(unknown.Value, command.Options.Select(option => option.Name));
        files.AddError(meant is null ? $"{unknown.Value} is not an option of '{command.Name}'" : $"{unknown.Value} is not an option of '{command.Name}'; did you mean {meant}?");
    }

    private static void RefuseEmptyKeys(OptionResult overrides)
    {
        if (overrides.Tokens.FirstOrDefault(token => token.Value.IndexOf('=', StringComparison.Ordinal) < 1) is { } bad)
            overrides.AddError($"--set {bad.Value} is not a setting; write --set key=value, such as --set https.bind=127.0.0.1:8443");
    }
}
