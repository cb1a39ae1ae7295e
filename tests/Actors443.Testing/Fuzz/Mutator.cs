namespace Actors443.Testing.Fuzz;

/// <summary>Changes bytes as a corpus fuzzer does: flips, edges, cuts, repetitions, and crossings of two inputs. Same random numbers, same changes.</summary>
public sealed class Mutator(Random random)
{
    private const int MostChanges = 6;
    private const int LongestInput = 40_000;

    private static readonly byte[] Edges = [0, 1, 2, 3, 0x0A, 0x0D, 0x14, 0x15, 0x16, 0x17, 0x18, 0x20, 0x3F, 0x40, 0x7F, 0x80, 0xFE, 0xFF];

    /// <summary>A changed copy; one in ten is as it was.</summary>
    /// <param name="input">What is changed.</param>
    /// <param name="other">What may be crossed with it.</param>
    public byte[] Change(ReadOnlySpan<byte> input, ReadOnlySpan<byte> other)
    {
        List<byte> bytes = [.. input];
        int changes = random.Next(10) == 0 ? 0 : random.Next(1, MostChanges);
        for (; changes > 0; changes--)
            ChangeOnce(bytes, other);
        if (bytes.Count > LongestInput)
            bytes.RemoveRange(LongestInput, bytes.Count - LongestInput);
        return [.. bytes];
    }

    /// <summary>Bytes in pieces of any size, down to single bytes.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Cut(byte[] bytes)
    {
        int largest = random.Next(4) switch { 0 => 1, 1 => 20, 2 => 600, _ => int.MaxValue };
        // Byte by byte through a long input would only take time.
        if (bytes.Length / largest > 400)
            largest = bytes.Length / 400;
        for (int at = 0; at < bytes.Length;)
        {
            int piece = Math.Min(bytes.Length - at, largest == int.MaxValue ? largest : random.Next(1, largest + 1));
            yield return bytes.AsMemory(at, piece);
            at += piece;
        }
    }

    private void ChangeOnce(List<byte> bytes, ReadOnlySpan<byte> other)
    {
        int at = bytes.Count == 0 ? 0 : random.Next(bytes.Count);
        int length = Math.Min(bytes.Count - at, 1 << random.Next(0, 8));
        switch (random.Next(9))
        {
            case 0 when bytes.Count > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when bytes.Count > 0:
                bytes[at] = Edges[random.Next(Edges.Length)];
                break;
            case 2 when bytes.Count > 0:
                bytes[at] = (byte)(bytes[at] + random.Next(-2, 3));
                break;
            case 3 when bytes.Count > 1:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                byte[] noise = new byte[random.Next(1, 64)];
                random.NextBytes(noise);
                bytes.InsertRange(at, noise);
                break;
            case 5 when bytes.Count > 0:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7 when other.Length > 0:
                int from = random.Next(other.Length);
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other[from..]);
                break;
            case 8 when at + 1 < bytes.Count:
                // A length of two bytes, one too small, too large or quite wrong.
                int value = (bytes[at] << 8 | bytes[at + 1]) + random.Next(3) switch { 0 => -1, 1 => 1, _ => random.Next(65_536) };
                bytes[at] = (byte)(value >> 8);
                bytes[at + 1] = (byte)value;
                break;
        }
    }
}
