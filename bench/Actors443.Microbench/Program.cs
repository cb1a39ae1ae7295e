using Actors443.Microbench;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

// A short job, in this process: all of it ends within three minutes.
IConfig config = ManualConfig.CreateEmpty()
    .AddJob(Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithWarmupCount(4).WithIterationCount(8))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Statistics, DefaultColumnProviders.Metrics)
    .AddExporter(MarkdownExporter.GitHub)
    .AddLogger(ConsoleLogger.Default)
    .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "actors443-microbench"));

Summary[] summaries = [.. new[] { typeof(ClientHelloReading), typeof(CertificateLookup), typeof(ActorLife), typeof(ActorTell) }.Select(type => BenchmarkRunner.Run(type, config))];
Console.WriteLine(string.Join('\n', summaries.Select(summary => summary.Title + ": " + (summary.HasCriticalValidationErrors ? "not valid" : $"{summary.Reports.Length} measured"))));
return summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
