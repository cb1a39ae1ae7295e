using System.Net;
using System.Security.Cryptography.X509Certificates;
using Actors443.Connections;
using Actors443.Remoting.Identity;
using Actors443.Remoting.Renewal;
using Akka.Remote.Transport;

namespace Actors443.Remoting.Associations;

/// <summary>
/// An association that this node has begun: connects, proves who it is, has the other prove the same, and carries what is said until it is over; and goes on upon another connection when
/// certificates have changed. Thread-safe.
/// </summary>
internal sealed class DialedAssociation : IRenewable
{
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    private readonly RemotingSettings _settings;
    private readonly IdentitySource _identity;
    private readonly AssociationCounts _counts;
    // By which the other knows it; empty: it is of a version that does not let it move.
    private readonly string _name;
    private volatile DialedConnection _connection;
    private volatile bool _isOver;
    private int _renewing;

    private DialedAssociation(RemotingSettings settings, IdentitySource identity, PeerAddress peer, AssociationCounts counts, DialedConnection connection)
    {
        _settings = settings;
        _identity = identity;
        _counts = counts;
        _connection = connection;
        _name = connection.Name;
        Peer = peer;
        Association = connection.Greeting;
    }

    public Association Association { get; }

    /// <summary>Whom it is with.</summary>
    public PeerAddress Peer { get; }

    /// <summary>Of the other.</summary>
    public X509Certificate2 Certificate => _connection.Certificate;

    public int Generation => _connection.Generation;

    /// <summary>With what it was connected.</summary>
    public IPEndPoint Remote => _connection.Remote;

    /// <summary>Of the connection that carries it now.</summary>
    public string Id => _connection.Id;

    /// <exception cref="InvalidAssociationException">Not connected, not trusted, or refused: why.</exception>
    public static async Task<DialedAssociation> ConnectAsync(RemotingSettings settings, IdentitySource identity, PeerAddress peer, AssociationCounts counts, CancellationToken cancellationToken) =>
        new(settings, identity, peer, counts, await DialedConnection.OpenAsync(settings, identity, peer, counts, "", cancellationToken));

    public ConnectionSnapshot Snapshot() => _connection.Snapshot(Peer);

    /// <summary>Until it is over.</summary>
    public async Task RunAsync(OwnHandle handle)
    {
        try
        {
            await Association.RunAsync(handle.ReadHandlerSource.Task, look: null);
        }
        finally
        {
            _isOver = true;
            Interlocked.MemoryBarrier();
            await _connection.DisposeAsync();
        }
    }

    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (_name.Length == 0)
            throw new InvalidAssociationException($"{Peer} cannot let an association go on upon another connection");
        if (Interlocked.Exchange(ref _renewing, 1) != 0)
            return;
        try
        {
            DialedConnection next = await DialedConnection.OpenAsync(_settings, _identity, Peer, _counts, _name, cancellationToken);
            if (!await Association.MoveAsync(next.Wire, DialedConnection.RunNear, first: null))
            {
                await next.DisposeAsync();
                throw new InvalidAssociationException($"the association with {Peer} has ended meanwhile");
            }

            DialedConnection former = _connection;
            _connection = next;
            Interlocked.MemoryBarrier();
            // Whoever has ended it meanwhile has ended the former connection.
            if (_isOver)
                next.Cut();
            await former.EndAsync(FarewellPatience);
        }
        finally
        {
            Volatile.Write(ref _renewing, 0);
        }
    }

    /// <summary>Now, without goodbye.</summary>
    public void Cut()
    {
        _isOver = true;
        Association.Break();
        _connection.Cut();
    }
}
