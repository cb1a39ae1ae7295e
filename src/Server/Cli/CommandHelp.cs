using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Actors443.Server.Cli;

/// <summary>The help of a command and, under it, examples and notes.</summary>
internal sealed class CommandHelp(HelpAction standard, IReadOnlyDictionary<Command, string> notes) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = standard.Invoke(parseResult);
        if (notes.TryGetValue(parseResult.CommandResult.Command, out string? text))
            parseResult.InvocationConfiguration.Output.WriteLine(text.TrimEnd());
        return code;
    }
}
