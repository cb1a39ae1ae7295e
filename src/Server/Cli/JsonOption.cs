using System.CommandLine;

namespace Actors443.Server.Cli;

/// <summary><c>--json</c>: the same for scripts.</summary>
internal static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Write JSON, for scripts." };
}
