using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.Testing;

/// <summary>A meter factory for what needs one and is not asked about it.</summary>
public static class TestMeters
{
    /// <summary>One for all tests.</summary>
    public static IMeterFactory Factory { get; } = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
}
