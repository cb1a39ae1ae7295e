using Actors443.Configuration;

namespace Actors443.Requests;

/// <summary>What is said in code of the supervision of a route, checked as it would be in HOCON.</summary>
internal static class RouteSupervisionCheck
{
    /// <exception cref="ArgumentOutOfRangeException">A value cannot be.</exception>
    public static void Check(string route, RouteSupervisionSettings? supervision)
    {
        if (supervision is null)
            return;
        Require(supervision.Failures > 0, nameof(supervision.Failures), "1 or more");
        Require(supervision.Within > TimeSpan.Zero, nameof(supervision.Within), "more than nothing");
        Require(supervision.BackOff > TimeSpan.Zero, nameof(supervision.BackOff), "more than nothing");
        Require(supervision.LongestBackOff >= supervision.BackOff, nameof(supervision.LongestBackOff), "BackOff or more");
        Require(supervision.Canaries > 0, nameof(supervision.Canaries), "1 or more");
        Require(supervision.Time is not { } time || time > TimeSpan.Zero, nameof(supervision.Time), "more than nothing, or null");
        Require(supervision.Memory is not <= 0, nameof(supervision.Memory), "1 or more bytes, or null");
        Require(supervision.AtOnce is not <= 0, nameof(supervision.AtOnce), "1 or more requests, or null");
        Require(supervision.RouteMemory is not <= 0, nameof(supervision.RouteMemory), "1 or more bytes, or null");

        void Require(bool holds, string name, string what)
        {
            if (!holds)
                throw new ArgumentOutOfRangeException(name, $"{route}: Supervision.{name} is too small; write {what}.");
        }
    }
}
