using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>
/// Where OpenSSL gets TLS bytes from and puts them: memory of the loop, one for all its connections, because they are served one after another. So a
/// connection has no buffers of its own, and what it says in one turn goes out with one system call. Used by its loop's thread alone.
/// </summary>
internal sealed unsafe class TlsBio : IDisposable
{
    private const int FirstCapacity = 96 * 1024;

    private static readonly nint Method = MakeMethod();

    private readonly State* _state;
    private nint _bio;

    public TlsBio()
    {
        _state = (State*)NativeMemory.AllocZeroed((nuint)sizeof(State));
        _state->Output = (byte*)NativeMemory.Alloc(FirstCapacity);
        _state->OutputCapacity = FirstCapacity;
        _bio = OpenSsl.BIO_new(Method);
        if (_bio == 0)
            throw new EventLoopException($"OpenSSL gives no BIO: {OpenSsl.TakeErrorText()}.");
        OpenSsl.BIO_set_data(_bio, (nint)_state);
        OpenSsl.BIO_set_init(_bio, 1);
        // For good: that there is nothing to read never means the end.
        OpenSsl.BIO_set_flags(_bio, OpenSsl.BioRetryRead);
    }

    /// <summary>Bytes received and not yet taken.</summary>
    public int InputLength => _state->InputLength;

    public byte* Input => _state->Input;

    /// <summary>Bytes to be sent.</summary>
    public int OutputLength => _state->OutputLength;

    public byte* Output => _state->Output;

    public void SetInput(byte* bytes, int count)
    {
        _state->Input = bytes;
        _state->InputLength = count;
    }

    public void ClearOutput() => _state->OutputLength = 0;

    /// <summary>Puts bytes of ours among the output.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* source = bytes)
            Append(_state, source, bytes.Length);
    }

    /// <summary>Lets a connection read and write here.</summary>
    public void Attach(nint ssl)
    {
        _ = OpenSsl.BIO_up_ref(_bio);
        OpenSsl.SSL_set_bio(ssl, _bio, _bio);
    }

    public void Dispose()
    {
        if (_bio == 0)
            return;
        _ = OpenSsl.BIO_free(_bio);
        _bio = 0;
        NativeMemory.Free(_state->Output);
        NativeMemory.Free(_state);
    }

    private static nint MakeMethod()
    {
        nint method = OpenSsl.NewBioMethod("actors443 loop");
        _ = OpenSsl.BIO_meth_set_read(method, &Read);
        _ = OpenSsl.BIO_meth_set_write(method, &Write);
        // To a flush it says that it is done, to whatever else is asked that it has it not: all that is needed, without a way into C# for each record.
        _ = OpenSsl.BIO_meth_set_ctrl(method, OpenSsl.BIO_meth_get_ctrl(OpenSsl.BIO_s_null()));
        return method;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(nint bio, byte* destination, int size)
    {
        var state = (State*)OpenSsl.BIO_get_data(bio);
        int count = Math.Min(size, state->InputLength);
        if (count <= 0)
            return -1;
        Buffer.MemoryCopy(state->Input, destination, size, count);
        state->Input += count;
        state->InputLength -= count;
        return count;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(nint bio, byte* source, int count)
    {
        Append((State*)OpenSsl.BIO_get_data(bio), source, count);
        return count;
    }

    private static void Append(State* state, byte* source, int count)
    {
        int needed = state->OutputLength + count;
        if (needed > state->OutputCapacity)
        {
            int capacity = Math.Max(needed, state->OutputCapacity * 2);
            state->Output = (byte*)NativeMemory.Realloc(state->Output, (nuint)capacity);
            state->OutputCapacity = capacity;
        }

        Buffer.MemoryCopy(source, state->Output + state->OutputLength, count, count);
        state->OutputLength = needed;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct State
    {
        public byte* Input;
        public byte* Output;
        public int InputLength;
        public int OutputLength;
        public int OutputCapacity;
    }
}
