using System.Collections.Concurrent;

namespace Actors443.Acme.Protocol;

/// <summary>Nonces that came with answers, each good for one request (RFC 8555 6.5). Thread-safe.</summary>
internal sealed class NoncePool
{
    private const int Maximum = 64;

    // The youngest first: CAs forget old ones.
    private readonly ConcurrentStack<string> _nonces = new();

    public void Add(string nonce)
    {
        if (_nonces.Count >= Maximum)
            _nonces.Clear();
        _nonces.Push(nonce);
    }

    public string? Take() => _nonces.TryPop(out string? nonce) ? nonce : null;
}
