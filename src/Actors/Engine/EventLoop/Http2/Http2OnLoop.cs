using System.Reflection;
using System.Reflection.Emit;
using System.Threading.Channels;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Actors443.Engine.EventLoop.Http2;

/// <summary>
/// Keeps Kestrel's HTTP/2 on the loop of its connection. By itself Kestrel goes to the thread pool with what it reads, again with each request, and once more with
/// what is to be written, so that a request wakes three threads. Its tests have it on one thread; here it is put there by members that are not public.
/// Should a later Kestrel have others, <see cref="Find"/> finds nothing and Kestrel does as it always does.
/// </summary>
internal sealed class Http2OnLoop
{
    private const BindingFlags Any = KestrelEntrance.AnyMember;

    private readonly Action<object, EventLoop> _adopt;

    private Http2OnLoop(Action<object, EventLoop> adopt) => _adopt = adopt;

    /// <summary>Null: this Kestrel is made otherwise.</summary>
    /// <param name="services">The server's ServiceContext; what it reads is scheduled on the loop from now on.</param>
    public static Http2OnLoop? Find(object services)
    {
        Assembly kestrel = typeof(KestrelServer).Assembly;
        Type? http = kestrel.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.HttpConnection");
        Type? http2 = kestrel.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http2.Http2Connection");
        Type? writer = kestrel.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http2.Http2FrameWriter");
        FieldInfo? processor = http?.GetField("_requestProcessor", Any);
        FieldInfo? inline = http2?.GetField("_scheduleInline", Any);
        FieldInfo? frames = http2?.GetField("_frameWriter", Any);
        FieldInfo? channel = writer?.GetField("_channel", Any);
        PropertyInfo? scheduler = services.GetType().GetProperty("Scheduler", Any);
        PropertyInfo? most = http2?.GetProperty("MaxTrackedStreams", Any);
        if (http is null || http2 is null || processor is null || inline?.FieldType != typeof(bool) || frames is null || frames.FieldType != writer || scheduler is not { CanWrite: true } || most?.PropertyType != typeof(uint)
            || channel is not { FieldType: { IsGenericType: true } channelType } || channelType.GetGenericTypeDefinition() != typeof(Channel<>))
            return null;
        scheduler.SetValue(services, LoopScheduler.Instance);
        MethodInfo replace = typeof(Http2OnLoop).GetMethod(nameof(Replace), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(channelType.GenericTypeArguments[0]);
        return new Http2OnLoop(Adopting(processor, http2, inline, frames, channel, most.GetMethod!, replace));
    }

    /// <summary>Before the connection's first request, on its loop.</summary>
    /// <param name="http">Kestrel's HttpConnection.</param>
    /// <param name="loop">The connection's.</param>
    public void Adopt(object http, EventLoop loop) => _adopt(http, loop);

    // Compiled by hand: expressions do not write to read-only fields. In C#:
    // if (http._requestProcessor is Http2Connection connection)
    // {
    //     connection._scheduleInline = true;
    //     Replace(ref connection._frameWriter._channel, loop, connection.MaxTrackedStreams);
    // }
    private static Action<object, EventLoop> Adopting(FieldInfo processor, Type http2, FieldInfo inline, FieldInfo frames, FieldInfo channel, MethodInfo most, MethodInfo replace)
    {
        var method = new DynamicMethod("adopt", null, [typeof(object), typeof(EventLoop)], http2.Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        LocalBuilder connection = il.DeclareLocal(http2);
        Label end = il.DefineLabel();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Castclass, processor.DeclaringType!);
        il.Emit(OpCodes.Ldfld, processor);
        il.Emit(OpCodes.Isinst, http2);
        il.Emit(OpCodes.Stloc, connection);
        il.Emit(OpCodes.Ldloc, connection);
        il.Emit(OpCodes.Brfalse, end);

        il.Emit(OpCodes.Ldloc, connection);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Stfld, inline);

        il.Emit(OpCodes.Ldloc, connection);
        il.Emit(OpCodes.Ldfld, frames);
        il.Emit(OpCodes.Ldflda, channel);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldloc, connection);
        il.Emit(OpCodes.Callvirt, most);
        il.Emit(OpCodes.Call, replace);
        il.MarkLabel(end);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Action<object, EventLoop>>();
    }

    // The writer may already wait at the old channel: an item there sends it on its way, and it finds the new one.
    private static void Replace<T>(ref Channel<T> channel, EventLoop loop, uint capacity)
    {
        Channel<T> before = channel;
        Volatile.Write(ref channel, new LoopChannel<T>(loop, (int)Math.Min(capacity, int.MaxValue)));
        before.Writer.TryWrite(default!);
    }
}
