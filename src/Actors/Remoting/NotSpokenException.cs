using Akka.Remote.Transport;

namespace Actors443.Remoting;

/// <summary>Where the other node's https listener should be, none is that leads to it: it is not there, or speaks something else. Whoever is there and refuses is none of these.</summary>
internal sealed class NotSpokenException(string message, Exception? cause = null) : InvalidAssociationException(message, cause);
