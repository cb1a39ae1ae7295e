using System.Linq.Expressions;
using System.Reflection;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Actors443.Engine.Http2;

/// <summary>
/// What reading fails with when a client is to be told to calm down: Kestrel's own failure for it, which is not public, so that it says GOAWAY with ENHANCE_YOUR_CALM
/// (RFC 9113 7). Should a later Kestrel have another, the connection ends all the same, and its GOAWAY says nothing of why.
/// </summary>
internal static class CalmDown
{
    private const string Http2 = "Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http2";

    private static readonly Func<string, Exception>? Made = Compile();

    /// <summary>Whether clients are told why.</summary>
    public static bool IsTold => Made is not null;

    public static Exception Because(string why) => Made?.Invoke(why) ?? new IOException(why);

    private static Func<string, Exception>? Compile()
    {
        Assembly kestrel = typeof(KestrelServer).Assembly;
        ConstructorInfo? constructor = kestrel.GetType($"{Http2}.Http2ConnectionErrorException")?.GetConstructors().FirstOrDefault();
        if (constructor?.GetParameters() is not [{ ParameterType: var message }, { ParameterType: { IsEnum: true } code }, { ParameterType: { IsEnum: true } reason }]
            || message != typeof(string) || !Enum.TryParse(code, "ENHANCE_YOUR_CALM", out object? calm))
            return null;
        ParameterExpression why = Expression.Parameter(typeof(string));
        // The reason is for Kestrel's own metric; ours is set before.
        Expression made = Expression.New(constructor, why, Expression.Constant(calm, code), Expression.Constant(Enum.ToObject(reason, 0), reason));
        return Expression.Lambda<Func<string, Exception>>(made, why).Compile();
    }
}
