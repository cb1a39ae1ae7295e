using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using Actors443.Bench.Servers;
using Actors443.Configuration;
using Actors443.Hosting;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Actors443.Bench.Faults;

/// <summary>An embedding application that blocks a thread of the pool with each request (sync over async), 300 at once. The handshakes of others go on, and it is reported.</summary>
internal sealed class StarvedThreadPool : Fault
{
    private const int Blocked = 300;
    private const double HandshakeAllowed = 1_000;

    public override string Name => "starved-thread-pool";

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        Process process = Programs.Start(Environment.ProcessPath!, ["serve-starving", engine, site.Folder]);
        try
        {
            string ports = Path.Combine(site.Folder, "port");
            if (!await HoldsAsync(() => Task.FromResult(File.Exists(ports) && File.ReadAllText(ports).EndsWith('\n')), TimeSpan.FromSeconds(30)))
                throw new InvalidOperationException($"It does not start: {Programs.WhatItSaid(process)}");
            int port = int.Parse(await File.ReadAllTextAsync(ports), CultureInfo.InvariantCulture);
            // What is done for the first time takes longer.
            for (int warmUp = 0; warmUp < 20; warmUp++)
                await HandshakeAsync(port);
            var blocked = new List<SslStream>();
            var handshakes = new List<double>();
            int lost = 0;
            for (int number = 0; number < Blocked; number++)
                blocked.Add(await TlsClient.ConnectAsync(port, TlsClient.Options(resume: true)));
            foreach (SslStream stream in blocked)
                await stream.WriteAsync("GET /block HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
            string log = Path.Combine(site.Folder, "log");
            long start = Stopwatch.GetTimestamp();
            bool reported = false;
            while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(8))
            {
                long one = Stopwatch.GetTimestamp();
                try
                {
                    await HandshakeAsync(port);
                }
                catch (IOException)
                {
                    // Its deadline has passed: with the portable engine it needs threads of the pool, too.
                    lost++;
                }

                handshakes.Add(Stopwatch.GetElapsedTime(one).TotalMilliseconds);
                reported |= File.Exists(log) && File.ReadAllText(log).Contains("thread-pool-delay", StringComparison.Ordinal);
                await Task.Delay(20);
            }

            blocked.ForEach(stream => stream.Dispose());
            long freed = Stopwatch.GetTimestamp();
            bool serves = await HoldsAsync(async () => await StatusAsync(port) == 200, TimeSpan.FromSeconds(60));
            double again = Stopwatch.GetElapsedTime(freed).TotalSeconds;
            double[] sorted = [.. handshakes.Order()];
            var broken = new List<string>();
            if (engine == "event-loop" && lost > 0)
                broken.Add($"{lost} handshakes failed");
            if (engine == "event-loop" && sorted[sorted.Length * 99 / 100] > HandshakeAllowed)
                broken.Add("handshakes wait for the application");
            if (!serves)
                broken.Add("it does not serve again");
            if (!reported && !File.ReadAllText(log).Contains("thread-pool-delay", StringComparison.Ordinal))
                broken.Add("nobody is told");
            return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"{Blocked} requests that block the pool's threads: {sorted.Length} handshakes of others beside them, p50 {sorted[sorted.Length / 2]:0} ms, the slowest {sorted[^1]:0} ms, {lost} failed; {(reported ? "told in the log meanwhile" : "told in the log")}; serves again after {again:0.0} s"), broken);
        }
        finally
        {
            Programs.Stop(process);
        }
    }

    /// <summary>The application.</summary>
    public static async Task<int> ServeAsync(string engine, string folder, CancellationToken stop)
    {
        var settings = new Actors443Settings
        {
            Engine = engine == "portable" ? EngineKind.Portable : EngineKind.EventLoop,
            StateDirectory = Path.Combine(folder, "state"),
            Https = new HttpsSettings { Bind = [new IPEndPoint(IPAddress.Loopback, 0)], BindIsExplicit = true },
            Http = new HttpSettings { Enabled = false },
        };
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddProvider(new FileLog(Path.Combine(folder, "log")));
        builder.Services.AddActors443(settings);
        builder.Services.AddAkka("starving", akka => akka.WithActors443(settings));
        builder.WebHost.UseActors443();
        await using WebApplication application = builder.Build();
        application.Run(async context =>
        {
            if (context.Request.Path == "/block")
            {
                // What a bad application does, on purpose.
                await Task.Yield();
                Task.Delay(TimeSpan.FromSeconds(6), CancellationToken.None).Wait(CancellationToken.None);
            }

            await context.Response.WriteAsync(BenchSite.Hello);
        });
        await application.StartAsync(stop);
        int port = application.Services.GetRequiredService<Actors443Server>().Listeners[0].EndPoints[0].Port;
        await File.WriteAllTextAsync(Path.Combine(folder, "port"), string.Create(CultureInfo.InvariantCulture, $"{port}\n"), stop);
        await application.WaitForShutdownAsync(stop);
        return 0;
    }

    private static async Task HandshakeAsync(int port)
    {
        await using SslStream stream = await TlsClient.ConnectAsync(port, TlsClient.Options(resume: false));
    }

    /// <summary>Written at once, by whoever logs.</summary>
    private sealed class FileLog(string path) : ILoggerProvider, ILogger
    {
        private readonly Lock _lock = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lock)
                File.AppendAllText(path, $"{logLevel} {formatter(state, exception)}\n");
        }

        public void Dispose()
        {
        }
    }
}
