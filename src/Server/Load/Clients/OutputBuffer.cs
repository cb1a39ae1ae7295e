using System.Buffers;

namespace Actors443.Server.Load.Clients;

/// <summary>Bytes on their way out: appended at the end, taken from the beginning. Rents its memory and gives it back when empty.</summary>
internal sealed class OutputBuffer(int initialCapacity)
{
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    public bool IsEmpty => _start == _end;

    public int Length => _end - _start;

    public ReadOnlySpan<byte> Pending => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Room for exactly <paramref name="count"/> bytes, which count as appended.</summary>
    public Span<byte> Append(int count)
    {
        if (_bytes.Length - _end < count)
            MakeRoom(count);
        Span<byte> room = _bytes.AsSpan(_end, count);
        _end += count;
        return room;
    }

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    public void Take(int count)
    {
        _start += count;
        if (_start == _end)
            _start = _end = 0;
    }

    /// <summary>Forgets everything and gives the memory back.</summary>
    public void Release()
    {
        _start = _end = 0;
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void MakeRoom(int count)
    {
        int length = Length;
        if (_bytes.Length - length >= count)
        {
            _bytes.AsSpan(_start, length).CopyTo(_bytes);
        }
        else
        {
            byte[] bigger = ArrayPool<byte>.Shared.Rent(Math.Max(initialCapacity, Math.Max(_bytes.Length * 2, length + count)));
            Pending.CopyTo(bigger);
            if (_bytes.Length > 0)
                ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = bigger;
        }

        _start = 0;
        _end = length;
    }
}
