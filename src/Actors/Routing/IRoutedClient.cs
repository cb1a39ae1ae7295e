using System.IO.Pipelines;

namespace Actors443.Routing;

/// <summary>The client's side of a connection that is led elsewhere: its bytes as they come, or what is within its TLS. One reader and one writer at a time.</summary>
internal interface IRoutedClient
{
    PipeReader Input { get; }

    PipeWriter Output { get; }

    /// <summary>By the writer, after its last flush: what was written is sent, then the end of our side. What the client sends still comes.</summary>
    ValueTask EndOutputAsync();
}
