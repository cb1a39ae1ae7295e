using Akka.Configuration.Hocon;

namespace Actors443.Configuration.Hocon;

internal enum HoconKind
{
    /// <summary>Nothing, or <c>null</c>: as if the key were not there.</summary>
    Missing,
    Text,
    List,
    Section,
}

/// <summary>Reads Akka's HOCON tree without its surprises: several elements in one value, spaces that count as elements, references.</summary>
internal static class HoconValues
{
    public static HoconKind Kind(this HoconValue value)
    {
        // Of a section and a list under one key, both of which Akka keeps, the later is meant.
        IHoconElement? last = Elements(value).LastOrDefault(element => !IsBlank(element)) ?? Elements(value).FirstOrDefault();
        return last switch
        {
            null => HoconKind.Missing,
            HoconObject => HoconKind.Section,
            HoconArray => HoconKind.List,
            _ => Text(value) == "null" ? HoconKind.Missing : HoconKind.Text,
        };
    }

    /// <summary>The text, without the spaces around it that were not in quotes.</summary>
    public static string Text(this HoconValue value)
    {
        List<IHoconElement> elements = Elements(value).Where(element => element is not (HoconObject or HoconArray)).ToList();
        while (elements.Count > 1 && IsBlank(elements[^1]))
            elements.RemoveAt(elements.Count - 1);
        return string.Concat(elements.Select(element => element.GetString()));
    }

    public static IReadOnlyList<HoconValue> List(this HoconValue value) => [.. Elements(value).OfType<HoconArray>().SelectMany(list => list).Where(item => !IsSpace(item))];

    public static IReadOnlyDictionary<string, HoconValue> Section(this HoconValue value) =>
        Elements(value).OfType<HoconObject>().LastOrDefault()?.Items ?? [];

    private static IEnumerable<IHoconElement> Elements(HoconValue value) =>
        value.Values.SelectMany(element => element is HoconSubstitution { ResolvedValue: { } resolved } ? Elements(resolved) : [element]);

    // Between brackets with nothing but space or comments in them, Akka finds an element. One in quotes has no space of its own.
    private static bool IsSpace(HoconValue item) => item.Values.All(element => element is HoconLiteral { Value: { Length: > 0 } text } && string.IsNullOrWhiteSpace(text));

    private static bool IsBlank(IHoconElement element) => element is HoconLiteral literal && string.IsNullOrWhiteSpace(literal.Value);
}
