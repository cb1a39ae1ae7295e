namespace Actors443.Connections.Directory;

/// <summary>Which connections come first.</summary>
public enum ConnectionOrder
{
    /// <summary>The oldest.</summary>
    Age,

    /// <summary>Those with the most requests.</summary>
    Requests,

    /// <summary>Those that moved the most bytes, both ways together.</summary>
    Bytes,
}
