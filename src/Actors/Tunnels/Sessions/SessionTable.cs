using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Actors443.Tunnels.Accounts;

namespace Actors443.Tunnels.Sessions;

/// <summary>The sessions there are, by the hash of their token. Thread-safe.</summary>
internal sealed class SessionTable
{
    private readonly ConcurrentDictionary<string, TunnelSession> _sessions = new();

    public IEnumerable<TunnelSession> All => _sessions.Select(pair => pair.Value);

    public void Add(TunnelSession session) => _sessions[Key(session.Token)] = session;

    public void Remove(TunnelSession session) => _sessions.TryRemove(Key(session.Token), out _);

    /// <summary>The session of that token, if it belongs to the account.</summary>
    public TunnelSession? Find(string token, TunnelAccount account) =>
        _sessions.TryGetValue(Key(token), out TunnelSession? session) && session.Tunnel.Account == account && !session.IsOver ? session : null;

    // By its hash: how long a look-up takes says nothing of the tokens there are.
    private static string Key(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
