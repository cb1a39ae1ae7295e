using System.CommandLine;
using System.Globalization;

namespace Actors443.Server.Cli;

/// <summary><c>--limit</c>: how many items a command lists.</summary>
internal static class LimitOption
{
    private const string Name = "--limit";

    /// <param name="description">Begins its help.</param>
    /// <param name="fallback">Without the option.</param>
    /// <param name="maximum">More are refused.</param>
    public static Option<int> Create(string description, int fallback, int maximum) => new(Name)
    {
        Description = $"{description} (at most {maximum}).",
        HelpName = "number",
        DefaultValueFactory = _ => fallback,
        CustomParser = argument =>
        {
            string text = argument.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit > 0 && limit <= maximum)
                return limit;
            argument.AddError($"{Name} {text} is not a number from 1 to {maximum}");
            return 0;
        },
    };
}
