using Actors443.Bench.Servers;

namespace Actors443.Bench.Comparison;

/// <summary>One thing that is compared: measured of every server in turn, round after round.</summary>
internal abstract class ComparisonRow(string name, string unit, string tool)
{
    public string Name => name;

    /// <summary><c>µs</c>, <c>KiB</c>, <c>ms</c>.</summary>
    public string Unit => unit;

    /// <summary>What drives it.</summary>
    public string Tool => tool;

    /// <summary>How often each server is measured; the median counts. Null: as often as was asked.</summary>
    public virtual int? Rounds => null;

    /// <summary>Each measurement is of a server freshly started and warmed.</summary>
    public virtual bool NeedsFreshServer => false;

    /// <summary>About how long one measurement takes.</summary>
    public abstract TimeSpan Length { get; }

    public virtual bool AppliesTo(ComparedServer server) => true;

    /// <summary>Null: the tool is not installed.</summary>
    public virtual string? MissingTool => null;

    public abstract Task<Measured> MeasureAsync(ComparedServer server);
}
