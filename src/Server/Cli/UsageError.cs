using System.CommandLine;
using System.CommandLine.Parsing;

namespace Actors443.Server.Cli;

/// <summary>What is wrong with a command line, as one line that says what to write instead.</summary>
internal static class UsageError
{
    public static string Describe(ParseResult result)
    {
        ParseError error = result.Errors.FirstOrDefault(candidate => candidate.SymbolResult is not null) ?? result.Errors[0];
        string problem = error.SymbolResult switch
        {
            OptionResult { Tokens.Count: 0 } option => $"{option.Option.Name} needs a value: {Usage(option.Option)}",
            OptionResult { Tokens.Count: > 1 } option when option.Option.Arity.MaximumNumberOfValues == 1 => $"{option.Option.Name} is given {option.Tokens.Count} times; give it once",
            _ when result.UnmatchedTokens is [{ } token, ..] => $"'{token}' is not understood",
            _ => OneLine(error.Message),
        };
        return $"{problem} ({Hint(result.CommandResult.Command)})";
    }

    /// <summary>Where more is said.</summary>
    public static string Hint(Command command) => command is RootCommand ? "actors443 --help lists the commands" : $"actors443 {command.Name} --help says more";

    private static string Usage(Option option) => option.HelpName is { } value ? $"{option.Name} <{value}>" : option.Name;

    private static string OneLine(string text) => string.Join(' ', text.Split((char[])['\r', '\n', '\t', ' '], StringSplitOptions.RemoveEmptyEntries));
}
