using System.Globalization;
using Akka.Actor;

namespace Actors443.Server.Admin;

/// <summary>An actor of the supervision tree with those it supervises.</summary>
/// <param name="Name">In the path.</param>
/// <param name="Kind">Name of its class; null: it is not there yet.</param>
/// <param name="Children">How many it supervises.</param>
/// <param name="Actors">Those of them with names of their own.</param>
/// <param name="Unnamed">The others, such as connections, counted by <paramref name="UnnamedKind"/>.</param>
/// <param name="UnnamedKind">Class of the others; null: there are none.</param>
internal sealed record ActorReport(string Name, string? Kind, int Children, IReadOnlyList<ActorReport> Actors, int Unnamed, string? UnnamedKind)
{
    // Of more named children, such as lookups, the number is what matters.
    private const int NamedShown = 64;

    private static readonly StringComparer ByNumber = StringComparer.Create(CultureInfo.InvariantCulture, CompareOptions.NumericOrdering);

    /// <summary>The tree as it is now, from what the actors' cells publish: no actor is asked.</summary>
    public static ActorReport Of(IActorRef actor)
    {
        IReadOnlyCollection<IInternalActorRef> children = CellOf(actor)?.ChildrenContainer.Children ?? [];
        IInternalActorRef[] named = [.. children.Where(child => !child.Path.Name.StartsWith('$')).Take(NamedShown)];
        return new ActorReport(
            actor.Path.Name,
            KindOf(actor),
            children.Count,
            [.. named.Select(Of).OrderBy(child => child.Name, ByNumber)],
            children.Count - named.Length,
            children.Count == named.Length ? null : KindOf(children.First(child => !named.Contains(child))));
    }

    private static ICell? CellOf(IActorRef actor) => (actor as ActorRefWithCell)?.Underlying;

    private static string? KindOf(IActorRef actor) => CellOf(actor) is ActorCell cell ? cell.Props.Type.Name : null;
}
