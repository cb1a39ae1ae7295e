using System.Text;

namespace Actors443.Configuration.Hocon;

/// <summary>
/// One <c>--set key=value</c> as HOCON. The <c>actors443.</c> of the key may be left out, and the value needs no quotes: what is not a
/// list, a section or already quoted is taken as it stands, so that <c>https.bind=127.0.0.1:8443</c> and URLs survive a shell.
/// </summary>
internal static class HoconOverride
{
    /// <summary>Null with a problem if there is no <c>=</c> or no key.</summary>
    public static HoconText? Parse(string setting, out SettingsProblem? problem)
    {
        problem = null;
        int equals = IndexOfAssignment(setting);
        string key = equals < 0 ? "" : setting[..equals].Trim();
        if (key.Length == 0)
        {
            problem = new SettingsProblem(SettingsSeverity.Error, "--set " + setting, 0, null, "not a setting; write --set key=value, such as --set https.bind=127.0.0.1:8443");
            return null;
        }

        string full = key == "actors443" || key.StartsWith("actors443.", StringComparison.Ordinal) ? key : "actors443." + key;
        return new HoconText("--set " + key, $"{full} = {Value(setting[(equals + 1)..].Trim())}", HasLines: false);
    }

    private static int IndexOfAssignment(string setting)
    {
        bool quoted = false;
        for (int i = 0; i < setting.Length; i++)
        {
            if (setting[i] == '"')
                quoted = !quoted;
            else if (setting[i] == '=' && !quoted)
                return i;
        }

        return -1;
    }

    private static string Value(string value)
    {
        if (value.StartsWith('"') || value.StartsWith('{') || value.StartsWith("${", StringComparison.Ordinal))
            return value;
        bool isList = value.StartsWith('[') && value.EndsWith(']');
        if (!isList)
            return Quote(value);
        // Lists of sections follow HOCON's rules in full.
        return value.Contains('{', StringComparison.Ordinal)
            ? value
            : "[" + string.Join(", ", Elements(value[1..^1]).Select(element => element.StartsWith('"') ? element : Quote(element))) + "]";
    }

    private static IEnumerable<string> Elements(string list)
    {
        var element = new StringBuilder();
        bool quoted = false;
        foreach (char c in list)
        {
            if (c == '"')
                quoted = !quoted;
            if (c == ',' && !quoted)
            {
                yield return element.ToString().Trim();
                element.Clear();
            }
            else
                element.Append(c);
        }

        if (element.ToString().Trim() is { Length: > 0 } last)
            yield return last;
    }

    private static string Quote(string value) =>
        "\"" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";
}
