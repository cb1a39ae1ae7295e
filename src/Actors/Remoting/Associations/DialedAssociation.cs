using System.Net;
using System.Security.Cryptography.X509Certificates;
using Actors443.Connections;
using Actors443.Engine;
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

    private readonly PeerDialer _dialer;
    private readonly RemotingSettings _settings;
    private readonly IdentitySource _identity;
    private readonly AssociationCounts _counts;
    // By which the other knows it; empty: it is of a version that does not let it move.
    private readonly string _name;
    private volatile DialedConnection _connection;
    // Nobody reads or writes any more.
    private volatile bool _isOver;
    private volatile bool _isCut;
    private int _renewing;

    private DialedAssociation(PeerDialer dialer, RemotingSettings settings, IdentitySource identity, PeerAddress peer, AssociationCounts counts, DialedConnection connection)
    {
        _dialer = dialer;
        _settings = settings;
        _identity = identity;
        _counts = counts;
        _connection = connection;
        _name = connection.Name;
        Peer = peer;
        Association = connection.Association;
    }

    public Association Association { get; }

    /// <summary>Whom it is with.</summary>
    public PeerAddress Peer { get; }

    /// <summary>Of the other.</summary>
    public X509Certificate2 Certificate => _connection.Certificate;

    public int Generation => _connection.Generation;

    /// <summary>By which it goes now.</summary>
    public EngineConnection Connection => _connection.Connection;

    /// <summary>With what it was connected.</summary>
    public IPEndPoint Remote => _connection.Remote;

    /// <exception cref="InvalidAssociationException">Not connected, not trusted, or refused: why.</exception>
    public static async Task<DialedAssociation> ConnectAsync(PeerDialer dialer, RemotingSettings settings, IdentitySource identity, PeerAddress peer, AssociationCounts counts, CancellationToken cancellationToken) =>
        new(dialer, settings, identity, peer, counts, await DialedConnection.OpenAsync(dialer, settings, identity, peer, counts, "", cancellationToken));

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
            _connection.Release();
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
            DialedConnection next = await DialedConnection.OpenAsync(_dialer, _settings, _identity, Peer, _counts, _name, cancellationToken);
            next.Association = Association;
            if (!await Association.MoveAsync(next.Wire, next.Connection.RunNear, first: null))
            {
                next.Release();
                throw new InvalidAssociationException($"the association with {Peer} has ended meanwhile");
            }

            DialedConnection former = _connection;
            _connection = next;
            Interlocked.MemoryBarrier();
            // Whoever has ended it meanwhile has ended the former connection.
            if (_isCut)
                next.Cut(CloseReason.ServerClosed, null);
            if (_isOver)
                next.Release();
            await former.EndAsync(FarewellPatience);
        }
        finally
        {
            Volatile.Write(ref _renewing, 0);
        }
    }

    /// <summary>Now, without goodbye.</summary>
    public void Cut(CloseReason reason, string? detail)
    {
        _isCut = true;
        Interlocked.MemoryBarrier();
        _connection.Cut(reason, detail);
        Association.Break();
    }
}
