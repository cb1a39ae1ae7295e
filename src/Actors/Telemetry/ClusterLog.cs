namespace Actors443.Telemetry;

/// <summary>What is logged about the cluster.</summary>
internal static partial class ClusterLog
{
    private const int First = EventIds.Cluster;

    [LoggerMessage(First, LogLevel.Warning, "{Peer} is not let into the cluster: {Problem}. All nodes need the same cluster.secret")]
    public static partial void PeerRefused(this ILogger log, string peer, string problem);

    [LoggerMessage(First + 1, LogLevel.Information, "Node {Node} is {Status}")]
    public static partial void NodeIs(this ILogger log, string node, string status);

    [LoggerMessage(First + 2, LogLevel.Warning, "Node {Node} cannot be reached; it is removed if that stays so")]
    public static partial void NodeUnreachable(this ILogger log, string node);

    [LoggerMessage(First + 3, LogLevel.Information, "Node {Node} can be reached again")]
    public static partial void NodeReachable(this ILogger log, string node);

    [LoggerMessage(First + 4, LogLevel.Error, "This node was removed from the cluster by the others, or could not see most of them; it stops, and can be started again")]
    public static partial void Removed(this ILogger log);

    [LoggerMessage(First + 5, LogLevel.Information, "The cluster's ticket keys of generation {Generation} are in force; the next key seals from {RotateAt:u}")]
    public static partial void ClusterTicketKeys(this ILogger log, long generation, DateTimeOffset rotateAt);

    [LoggerMessage(First + 6, LogLevel.Warning, "The cluster has sent no new ticket key since {SealFrom:u}; this node goes on with one of its own, which the others cannot open")]
    public static partial void TicketKeysOverdue(this ILogger log, DateTimeOffset sealFrom);

    [LoggerMessage(First + 7, LogLevel.Warning, "The cluster's {What} of generation {Generation} cannot be opened: it was sealed with another cluster.secret")]
    public static partial void CannotOpen(this ILogger log, string what, long generation);

    [LoggerMessage(First + 8, LogLevel.Warning, "The cluster's {What} could not be agreed on with most nodes ({Problem}); it is tried again")]
    public static partial void NotAgreed(this ILogger log, string what, string problem);

    [LoggerMessage(First + 9, LogLevel.Warning, "This node was in a cluster of {Nodes} nodes. It joins that when one of them lets it in, or founds it again when most say that they are in none; {Outside} do, itself included. If the others are gone for good, stop it, remove {File} and start it again")]
    public static partial void HearsOthersFirst(this ILogger log, int nodes, int outside, string file);

    [LoggerMessage(First + 10, LogLevel.Information, "{Outside} of the {Nodes} nodes that there were are in no cluster; this node founds it again")]
    public static partial void FoundsAgain(this ILogger log, int outside, int nodes);

    [LoggerMessage(First + 11, LogLevel.Warning, "The nodes of the cluster cannot be kept in {File}: {Problem}. Restarted while it is cut off from the others, this node could found a second cluster")]
    public static partial void CannotKeepNodes(this ILogger log, string file, string problem);

    [LoggerMessage(First + 12, LogLevel.Information, "This node is in no cluster yet; it waits for {What}")]
    public static partial void WaitsForFound(this ILogger log, string what);

    [LoggerMessage(First + 13, LogLevel.Warning, "The contacts of cluster.discovery cannot be looked up ({Problem}); it is tried again")]
    public static partial void ContactsNotFound(this ILogger log, string problem);

    [LoggerMessage(First + 14, LogLevel.Information, "Node {Node} was found, and is in a cluster; this node joins it")]
    public static partial void JoinsFound(this ILogger log, string node);

    [LoggerMessage(First + 15, LogLevel.Information, "All nodes that were found are in no cluster; this node founds one for {Others} and itself")]
    public static partial void FoundsWithFound(this ILogger log, string others);

    [LoggerMessage(First + 16, LogLevel.Warning, "The cluster's ticket keys have not come within {Seconds} s of joining; this node is ready without. Its clients get full handshakes if their sessions are of other nodes, until the keys come")]
    public static partial void TicketKeysLate(this ILogger log, double seconds);

    [LoggerMessage(First + 17, LogLevel.Warning, "Most nodes have not told this one of the cluster's certificates within {Seconds} s of joining; it is ready with those that it had kept, and serves others as soon as it hears of them")]
    public static partial void CertificatesLate(this ILogger log, double seconds);

    [LoggerMessage(First + 20, LogLevel.Information, "This node orders certificates for the cluster from now on (term {Term}, {Entries} entries)")]
    public static partial void OrdersForCluster(this ILogger log, long term, int entries);

    [LoggerMessage(First + 21, LogLevel.Warning, "Another node has ordered certificates since this one took over, or knew more; orders here stop, and go on from what is agreed on if it is still this node's turn")]
    public static partial void OrdersSuperseded(this ILogger log);

    [LoggerMessage(First + 22, LogLevel.Warning, "The cluster's state of ACME cannot be kept in the state directory: {What}: {Problem}; it is served from memory as far as it is there, and tried again")]
    public static partial void CannotKeep(this ILogger log, string what, string problem);

    [LoggerMessage(First + 23, LogLevel.Warning, "Not all nodes have said in time that they answer the CA for {Entry}; the order goes on")]
    public static partial void AnswersNotEverywhere(this ILogger log, string entry);

    [LoggerMessage(First + 24, LogLevel.Information, "{Nodes} of the {Before} nodes that there were are back; orders begin when most are, or {Patience} after the start")]
    public static partial void WaitsForNodes(this ILogger log, int nodes, int before, TimeSpan patience);

    [LoggerMessage(First + 40, LogLevel.Information, "Configuration generation {Generation} ({Fingerprint}) of {By} is decided: every node could put it in force")]
    public static partial void GenerationDecided(this ILogger log, long generation, string fingerprint, string by);

    [LoggerMessage(First + 41, LogLevel.Information, "Configuration generation {Generation} ({Fingerprint}) of {By} is in force")]
    public static partial void GenerationInForce(this ILogger log, long generation, string fingerprint, string by);

    [LoggerMessage(First + 42, LogLevel.Warning, "The configuration that {By} has pushed is refused, and in force on no node: {Node}: {Problem}")]
    public static partial void GenerationRefused(this ILogger log, string by, string node, string problem);

    [LoggerMessage(First + 43, LogLevel.Error, "Configuration generation {Generation} is the cluster's and cannot be put in force here; this node serves by the former, and tries again: {Problem}")]
    public static partial void GenerationNotInForce(this ILogger log, long generation, string problem);

    [LoggerMessage(First + 44, LogLevel.Error, "A configuration of the cluster could not be looked at")]
    public static partial void GenerationNotPrepared(this ILogger log, Exception cause);

    [LoggerMessage(First + 45, LogLevel.Error, "The configuration of the cluster cannot be read from {Where}: {Problem}")]
    public static partial void GenerationNotRead(this ILogger log, string where, string problem);

    [LoggerMessage(First + 46, LogLevel.Error, "Configuration generation {Generation} cannot be kept in {File}: {Problem}. Started again, this node has it from the others")]
    public static partial void CannotKeepGeneration(this ILogger log, long generation, string file, string problem);

    [LoggerMessage(First + 47, LogLevel.Error, "Configuration generation {Generation} is taken back on all nodes, for {Node} has failed with it after all: {Problem}")]
    public static partial void GenerationTakenBack(this ILogger log, long generation, string node, string problem);

    [LoggerMessage(First + 48, LogLevel.Information, "The configuration that {By} has pushed could be put in force here; it is if all other nodes say the same")]
    public static partial void GenerationPossible(this ILogger log, string by);

    [LoggerMessage(First + 30, LogLevel.Warning, "The cluster has a revocation that this version does not understand, and so does not heed: {Fact}")]
    public static partial void RevocationNotRead(this ILogger log, string fact);
}
