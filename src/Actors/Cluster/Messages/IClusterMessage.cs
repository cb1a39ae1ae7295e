namespace Actors443.Cluster.Messages;

/// <summary>Goes from node to node, by <see cref="ClusterSerializer"/>.</summary>
internal interface IClusterMessage;
