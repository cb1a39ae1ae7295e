namespace Actors443.Bench.Comparison;

/// <summary>One figure of one server in one round.</summary>
/// <param name="Value">In the row's unit; the less the better.</param>
/// <param name="Rate">Units of work a second; null: it says nothing.</param>
/// <param name="Failed">Units of work that failed.</param>
internal sealed record Measured(double Value, double? Rate = null, long Failed = 0);
