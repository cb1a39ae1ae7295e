using System.Security.Cryptography.X509Certificates;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.DependencyInjection;

namespace Actors443.Remoting;

/// <summary>What was said in code of the transport, for Akka makes it from HOCON alone.</summary>
internal sealed class RemotingSetup : Setup
{
    /// <summary>Asked about each node's certificate that a trusted CA has issued; null: nobody is.</summary>
    public Func<X509Certificate2, string?>? Validate { get; init; }

    /// <summary>In which Actors443 serves, by which this system is reached; null: this one.</summary>
    public ActorSystem? Listener { get; init; }

    /// <summary>Null: those of the host, or else Akka's log.</summary>
    public ILoggerFactory? Loggers { get; init; }

    public ILogger LogFor(ActorSystem system)
    {
        ILoggerFactory? loggers = Loggers ?? (system.Settings.Setup.Get<DependencyResolverSetup>().HasValue ? DependencyResolver.For(system).Resolver.GetService<ILoggerFactory>() : null);
        return loggers?.CreateLogger(LogCategories.Remoting) ?? new AkkaLog(Akka.Event.Logging.GetLogger(system, LogCategories.Remoting));
    }

    /// <summary>For actor systems that have no other log.</summary>
    private sealed class AkkaLog(Akka.Event.ILoggingAdapter log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && log.IsEnabled(LevelOf(logLevel));

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.Log(LevelOf(logLevel), exception, formatter(state, exception));
        }

        private static Akka.Event.LogLevel LevelOf(LogLevel level) => level switch
        {
            LogLevel.Trace or LogLevel.Debug => Akka.Event.LogLevel.DebugLevel,
            LogLevel.Information => Akka.Event.LogLevel.InfoLevel,
            LogLevel.Warning => Akka.Event.LogLevel.WarningLevel,
            _ => Akka.Event.LogLevel.ErrorLevel,
        };
    }
}
