using Microsoft.Extensions.Primitives;

namespace Actors443.Requests;

/// <summary>Names with values, such as the headers of a request. Names are looked up without regard to case; what is not there is empty. Immutable.</summary>
public sealed class RequestValues
{
    private readonly KeyValuePair<string, StringValues>[] _values;

    internal RequestValues(KeyValuePair<string, StringValues>[] values) => _values = values;

    /// <summary>None.</summary>
    public static RequestValues Empty { get; } = new([]);

    /// <summary>All of them, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, StringValues>> All => _values;

    /// <summary>The values of a name; empty: it is not there.</summary>
    public StringValues this[string name]
    {
        get
        {
            foreach (KeyValuePair<string, StringValues> value in _values)
            {
                if (string.Equals(value.Key, name, StringComparison.OrdinalIgnoreCase))
                    return value.Value;
            }

            return StringValues.Empty;
        }
    }
}
