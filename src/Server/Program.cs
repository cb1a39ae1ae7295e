using Actors443.Server.Cli;
using Actors443.Server.Hosting;

return await new CommandLine(CommandEnvironment.OfProcess(CommandConsole.OfProcess(), ServerHost.ServeAsync)).InvokeAsync(args);
