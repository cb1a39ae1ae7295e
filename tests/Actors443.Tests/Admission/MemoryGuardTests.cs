using System.Net;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;

namespace Actors443.Tests.Admission;

public sealed class MemoryGuardTests
{
    private static readonly LoadThreshold Usual = new LoadSettings().Memory;

    private MemoryUse _use = new(0, 1_000, true);

    [Theory]
    [InlineData(true, 849, false)]
    [InlineData(true, 850, true)]
    [InlineData(false, 949, false)]
    [InlineData(false, 950, true)]
    public void Memory_is_short_at_once_and_of_a_heap_with_a_limit_earlier(bool hardLimited, long used, bool isShort)
    {
        var guard = new MemoryGuard(() => new MemoryUse(used, 1_000, hardLimited));

        Assert.Equal(isShort, guard.Look(Usual));
        Assert.Equal(isShort, guard.IsShort);
        Assert.False(guard.Look(Usual));
    }

    [Fact]
    public void What_was_only_garbage_is_not_missed()
    {
        int looks = 0;
        // The collection that it asks for leaves half.
        var guard = new MemoryGuard(() => new MemoryUse(looks++ == 0 ? 900 : 450, 1_000, true));

        Assert.False(guard.Look(Usual));
        Assert.Equal(2, looks);
    }

    [Fact]
    public void Thresholds_that_are_off_are()
    {
        var guard = new MemoryGuard(() => new MemoryUse(1_000, 1_000, true));

        Assert.False(guard.Look(new LoadThreshold(null, null)));
        Assert.False(guard.IsShort);
    }

    [Fact]
    public async Task Nobody_is_accepted_until_there_is_room_again()
    {
        AdmissionGate gate = new AdmissionGate(new AdmissionSettings(), TimeProvider.System).GuardMemory(_ => new MemoryGuard(() => _use));
        _use = _use with { Used = 900 };
        gate.LookAtMemory();
        Assert.Equal(AdmissionMode.Paused, gate.Mode);
        Task accepting = gate.WaitUntilAcceptingAsync(CancellationToken.None).AsTask();
        Assert.False(accepting.IsCompleted);

        // A little less is not enough, or it would come and go.
        _use = _use with { Used = 800 };
        gate.Memory!.Look(Usual);
        gate.LookAtMemory();
        Assert.False(accepting.IsCompleted);

        _use = _use with { Used = 700 };
        // Somebody else has looked.
        gate.Memory!.Look(Usual);
        Assert.Equal(AdmissionMode.Normal, gate.Mode);
        gate.LookAtMemory();
        await accepting.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(CloseReason.None, gate.TryEnter(IPAddress.Loopback));
    }
}
