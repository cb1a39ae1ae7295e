using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;

namespace Actors443.Server.Configuration;

/// <summary>
/// Settings as keys and texts, as people would write them, for finding out what differs: records compare their lists and maps by
/// reference. A site counts as one key. The texts may hold passwords: show the keys only.
/// </summary>
internal static class SettingsKeys
{
    private const string Root = "actors443";

    // Merged in from the sites, or known from the presence of another key.
    private static readonly HashSet<string> Derived =
    [
        nameof(HttpsSettings.BindIsExplicit), nameof(HttpsSettings.ClientCertificatesByName), nameof(Actors443Settings.OwnNames),
    ];

    public static IReadOnlyDictionary<string, string> Of(ServerSettings settings)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        AddProperties(settings.Core, Root, keys);
        AddProperties(settings with { Core = new(), Sites = [] }, Root, keys, except: [nameof(ServerSettings.Core), nameof(ServerSettings.Sites)]);
        keys.Remove(Root + ".certificates.names");
        keys.Remove(Root + ".certificates.acme.names");
        keys[Root + ".certificates.acme.names"] = string.Join("; ", settings.Core.Certificates.Acme.Names.Where(set => set.Count > 1).Select(Text));
        foreach (Sites.SiteSettings site in settings.Sites)
            keys[HoconPath.Child(Root + ".sites", site.Name)] = Text(site);
        // The order decides which of two sites' certificates comes first.
        keys[Root + ".sites"] = string.Join(' ', settings.Sites.Select(site => site.Name).Order(StringComparer.Ordinal));
        return keys;
    }

    /// <summary>Whether two parts of settings say the same.</summary>
    public static bool AreSame(object one, object other) => ReferenceEquals(one, other) || (one.GetType() == other.GetType() && Text(one) == Text(other));

    /// <summary>What all of the settings are told by: the same for the same settings, however they are written. Tells nothing of what they say.</summary>
    public static string FingerprintOf(ServerSettings settings)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string key, string value) in Of(settings).OrderBy(pair => pair.Key, StringComparer.Ordinal))
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}\0{value}\0"));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static void AddProperties(object settings, string path, Dictionary<string, string> keys, params string[] except)
    {
        foreach (var property in settings.GetType().GetProperties())
        {
            if (property.GetMethod!.IsStatic || Derived.Contains(property.Name) || except.Contains(property.Name))
                continue;
            string name = property.Name == nameof(ClientCertificateSettings.CaFile) ? "ca" : JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name);
            string key = HoconPath.Child(path, name);
            object? value = property.GetValue(settings);
            if (IsSection(value))
                AddProperties(value!, key, keys);
            else
                keys[key] = Text(value);
        }
    }

    // An array has the namespace of its elements.
    private static bool IsSection(object? value) =>
        value is not (null or IEnumerable) && !value.GetType().IsEnum && value.GetType().Namespace?.StartsWith("Actors443", StringComparison.Ordinal) == true;

    private static string Text(object? value)
    {
        switch (value)
        {
            case null:
                return "off";
            case string text:
                return text;
            case IDictionary map:
                return "{" + string.Join(", ", map.Keys.Cast<object>().Select(key => $"{key} = {Text(map[key])}").Order(StringComparer.Ordinal)) + "}";
            case IEnumerable list:
                return "[" + string.Join(", ", list.Cast<object?>().Select(Text)) + "]";
            default:
                if (!IsSection(value))
                    return string.Format(CultureInfo.InvariantCulture, "{0}", value);
                var keys = new Dictionary<string, string>(StringComparer.Ordinal);
                AddProperties(value, value.GetType().Name, keys);
                return "{" + string.Join(", ", keys.Select(key => $"{key.Key} = {key.Value}")) + "}";
        }
    }
}
