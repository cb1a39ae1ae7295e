using System.Net;
using Actors443.Connections;
using Actors443.ProxyProtocol;

namespace Actors443.Admission;

/// <summary>What a listener asks before it accepts, and after. Thread-safe.</summary>
internal interface IAcceptGate
{
    /// <summary>Completes when the listener may accept one more connection.</summary>
    ValueTask WaitUntilAcceptingAsync(CancellationToken cancellationToken);

    /// <summary>Nobody is let in but nodes of the cluster.</summary>
    bool IsForNodesAlone => false;

    /// <summary>Counts the connection, or says why it is refused (<see cref="CloseReason.None"/>: admitted).</summary>
    CloseReason TryEnter(IPAddress client);

    /// <summary>The same of whoever comes to a listener: for a client, for one that a proxy has still to name, or for one that may be a node's.</summary>
    /// <param name="client">Who has connected.</param>
    /// <param name="proxies">Who names others; null: nobody.</param>
    /// <param name="unlessNode">Why it is refused if it turns out to be no node's.</param>
    CloseReason TryEnter(IPAddress client, TrustedProxies? proxies, out CloseReason unlessNode)
    {
        unlessNode = CloseReason.None;
        if (proxies?.Contains(client) == true)
        {
            if (IsForNodesAlone)
                return CloseReason.LoadShed;
            EnterUnnamed();
            return CloseReason.None;
        }

        CloseReason refusal = TryEnter(client);
        if (refusal == CloseReason.None || !TryEnterAsNode(client))
            return refusal;
        unlessNode = refusal;
        return CloseReason.None;
    }

    /// <summary>Counts a connection that was refused for what its client has or had, and may be a node's all the same, which is known when it has said what it wants. False: it may not.
    /// It then has its own way out, <see cref="LeaveAsNode"/>.</summary>
    bool TryEnterAsNode(IPAddress client) => false;

    /// <summary>Once for each connection that entered so.</summary>
    void LeaveAsNode()
    {
    }

    /// <summary>Counts a connection whose client a trusted proxy has still to name.</summary>
    void EnterUnnamed();

    /// <summary>The client of such a connection is known: counts it for that, or says why it is refused.</summary>
    CloseReason TryName(IPAddress client);

    /// <summary>Once for each connection that entered.</summary>
    void Leave(IPAddress client);

    /// <summary>A connection that entered cannot be served after all: as if it had never come.</summary>
    void Withdraw(IPAddress client) => Leave(client);
}
