using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Testing;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Admission;

public sealed class LoadTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly LoadThreshold Threshold = new(0.5, 0.8);
    private static readonly LoadSettings Settings = new() { RiseSamples = 3, FallSamples = 2, SampleInterval = TimeSpan.FromMilliseconds(10) };

    [Theory]
    [InlineData("0.6 0.6", "Normal")]
    [InlineData("0.6 0.6 0.6", "Shedding")]
    [InlineData("0.6 0.4 0.6 0.6", "Normal")]
    [InlineData("0.9 0.9 0.9", "Paused")]
    [InlineData("0.6 0.6 0.9", "Shedding")]
    [InlineData("0.9 0.9 0.9 0.6 0.1", "Shedding")]
    [InlineData("0.6 0.6 0.6 0.46 0.46 0.46", "Shedding")]
    [InlineData("0.6 0.6 0.6 0.4", "Shedding")]
    [InlineData("0.6 0.6 0.6 0.4 0.4", "Normal")]
    [InlineData("0.6 0.6 0.6 0.4 0.6 0.4 0.6", "Shedding")]
    [InlineData("0.9 0.9 0.9 0.6 0.6", "Shedding")]
    [InlineData("0.9 0.9 0.9 0.1 0.1", "Normal")]
    public void A_mode_rises_and_falls_after_enough_samples_in_a_row(string samples, string mode)
    {
        var verdict = new LoadVerdict();
        foreach (string value in samples.Split(' '))
            verdict.Take([new LoadSample("memory", double.Parse(value, System.Globalization.CultureInfo.InvariantCulture), Threshold)], Settings);

        Assert.Equal(mode, verdict.Mode.ToString());
    }

    [Fact]
    public void A_resource_without_thresholds_never_causes_a_mode()
    {
        var verdict = new LoadVerdict();
        for (int i = 0; i < 10; i++)
            Assert.False(verdict.Take([new LoadSample("cpu", 1, new LoadThreshold(null, null))], Settings));

        Assert.Equal(AdmissionMode.Normal, verdict.Mode);
    }

    [Theory]
    [InlineData("150000 100000\n", 1.5)]
    [InlineData("max 100000\n", null)]
    [InlineData("", null)]
    [InlineData("nonsense", null)]
    [InlineData("0 100000", null)]
    public void A_quota_of_cgroup_2_is_read(string text, double? cores) => Assert.Equal(cores, CgroupLimits.ParseV2(text));

    [Theory]
    [InlineData("50000\n", "100000\n", 0.5)]
    [InlineData("-1\n", "100000\n", null)]
    public void A_quota_of_cgroup_1_is_read(string quota, string period, double? cores) => Assert.Equal(cores, CgroupLimits.ParseV1(quota, period));

    [Fact]
    public void A_quota_is_found_under_either_mount()
    {
        using var folder = new TemporaryFolder();
        Assert.Null(CgroupLimits.QuotaIn(folder.Path));
        Directory.CreateDirectory(Path.Combine(folder.Path, "cpu"));
        folder.Write("cpu/cpu.cfs_quota_us", "25000");
        folder.Write("cpu/cpu.cfs_period_us", "100000");
        Assert.Equal(0.25, CgroupLimits.QuotaIn(folder.Path));
        folder.Write("cpu.max", "300000 100000");
        Assert.Equal(3, CgroupLimits.QuotaIn(folder.Path));
    }

    [Fact]
    public void Every_resource_of_this_process_can_be_measured()
    {
        var gate = new AdmissionGate(new AdmissionSettings(), TimeProvider.System);
        foreach (ILoadSource source in LoadSources.ForThisProcess(gate, TimeProvider.System))
            Assert.InRange(source.Sample(), 0, 1000);
    }

    [Fact]
    public void The_actor_sets_the_mode_announces_it_and_takes_it_back()
    {
        var source = new ScriptedSource();
        AdmissionGate gate = Start(source, out IActorRef actor);
        Sys.EventStream.Subscribe(TestActor, typeof(AdmissionModeChanged));

        source.Value = 0.6;
        AdmissionModeChanged risen = ExpectMsg<AdmissionModeChanged>(TimeSpan.FromSeconds(10));
        Assert.Equal((AdmissionMode.Shedding, AdmissionMode.Shedding), (risen.Mode, gate.Mode));
        Assert.Contains("memory 0.6", Assert.Single(risen.Reasons), StringComparison.Ordinal);
        actor.Tell(GetAdmissionStatus.Instance, TestActor);
        Assert.Equal(AdmissionMode.Shedding, ExpectMsg<AdmissionStatus>(TimeSpan.FromSeconds(10)).Mode);

        source.Value = 0.1;
        Assert.Equal(AdmissionMode.Normal, ExpectMsg<AdmissionModeChanged>(TimeSpan.FromSeconds(10)).Mode);
        Assert.Equal(AdmissionMode.Normal, gate.Mode);
    }

    [Fact]
    public async Task An_actor_that_fails_leaves_the_mode_normal_and_measures_again()
    {
        var source = new ScriptedSource { Value = 0.9 };
        AdmissionGate gate = Start(source, out _);
        await Eventually.HoldsAsync(() => gate.Mode == AdmissionMode.Paused, "the server is paused");

        source.Fails = true;
        await Eventually.HoldsAsync(() => gate.Mode == AdmissionMode.Normal, "nobody waits for a mode that nobody can end");
        source.Fails = false;

        await Eventually.HoldsAsync(() => gate.Mode == AdmissionMode.Paused, "it measures again");
    }

    private AdmissionGate Start(ILoadSource source, out IActorRef actor)
    {
        var gate = new AdmissionGate(new AdmissionSettings { Load = Settings }, new FakeTimeProvider());
        actor = Sys.ActorOf(Props.Create<AdmissionActor>(gate, new[] { source }, TimeProvider.System, NullLoggerFactory.Instance));
        return gate;
    }

    private sealed class ScriptedSource : ILoadSource
    {
        private double _value;
        private bool _fails;

        public double Value
        {
            get => Volatile.Read(ref _value);
            set => Volatile.Write(ref _value, value);
        }

        public bool Fails
        {
            get => Volatile.Read(ref _fails);
            set => Volatile.Write(ref _fails, value);
        }

        public string Name => "memory";

        public LoadThreshold ThresholdIn(LoadSettings settings) => Threshold;

        public double Sample() => Fails ? throw new InvalidOperationException("scripted") : Value;
    }
}
