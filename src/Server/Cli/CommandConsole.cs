using System.Text.Json;
using Actors443.Server.Admin;
using Spectre.Console;

namespace Actors443.Server.Cli;

/// <summary>
/// Where a command writes. On a terminal: tables and colour (none with <c>NO_COLOR</c>); into a pipe or file: plain lines that are
/// never wrapped, one item a line.
/// </summary>
internal sealed class CommandConsole
{
    public CommandConsole(TextWriter output, TextWriter error, bool isTerminal, bool errorIsTerminal, bool colour, int width)
    {
        Output = output;
        Error = error;
        IsTerminal = isTerminal;
        ErrorIsTerminal = errorIsTerminal;
        Colour = colour;
        Rich = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal && colour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = isTerminal && colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        // Text that is not for a terminal is as wide as it is.
        Rich.Profile.Width = isTerminal ? width : int.MaxValue / 2;
    }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    /// <summary>Standard output is a terminal.</summary>
    public bool IsTerminal { get; }

    public bool ErrorIsTerminal { get; }

    /// <summary>Colour is wanted where there is a terminal (https://no-color.org).</summary>
    public bool Colour { get; }

    /// <summary>For markup. Escape what comes from outside with <see cref="Markup.Escape"/>.</summary>
    public IAnsiConsole Rich { get; }

    public static CommandConsole OfProcess()
    {
        bool isTerminal = !Console.IsOutputRedirected;
        bool colour = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new CommandConsole(Console.Out, Console.Error, isTerminal, !Console.IsErrorRedirected, colour, isTerminal ? TerminalWidth() : 0);
    }

    /// <summary>One line on standard error.</summary>
    public void WriteError(string problem) => Error.WriteLine(problem);

    public void WriteJson<T>(T value) => Output.WriteLine(JsonSerializer.Serialize(value, AdminJson.Indented));

    // A terminal that does not tell its width says 0.
    private static int TerminalWidth() => Console.WindowWidth is > 0 and int width ? width : 80;
}
