using System.Collections;
using System.Text.RegularExpressions;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Server.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary><c>reference.conf</c> is the documentation of the settings: it says everything, and nothing else than the code.</summary>
public sealed partial class ReferenceSpecs : SettingsFixture
{
    [Fact]
    public void Reference_conf_says_exactly_the_defaults()
    {
        LoadedSettings loaded = Read(Reference(), out _);

        ServerSettings read = Good(loaded);
        // Whoever writes bind means it, even if it is the default.
        read = read with
        {
            Core = read.Core with
            {
                Https = read.Core.Https with { BindIsExplicit = false },
                Http = read.Core.Http with { BindIsExplicit = false },
            },
        };
        Assert.Equal(Show(new ServerSettings()), Show(read));
    }

    [Fact]
    public void Reference_conf_has_every_key_that_can_be_written()
    {
        LoadedSettings loaded = Read(Reference(), out IReadOnlyCollection<string> known);
        HoconSources sources = HoconSourceReader.Read([new HoconText("reference.conf", Reference())]);

        Assert.Empty(loaded.Errors);
        Assert.DoesNotContain(known, path => path != "actors443" && !sources.Lines.Contains(path));
    }

    [Fact]
    public void The_example_of_sites_in_reference_conf_has_every_key_of_a_site_and_is_valid()
    {
        string text = ExampleMark().Replace(Reference(), "");

        LoadedSettings loaded = Read(text, out IReadOnlyCollection<string> known);
        HoconSources sources = HoconSourceReader.Read([new HoconText("reference.conf", text)]);

        Assert.Equal([], Shown(loaded.Problems.Where(problem => !problem.Message.Contains("does not exist", StringComparison.Ordinal))));
        static string LastKey(string path) => path[(path.LastIndexOf('.') + 1)..];
        HashSet<string> written = [.. sources.Lines.Paths.Where(path => path.StartsWith("actors443.sites.", StringComparison.Ordinal)).Select(LastKey)];
        Assert.DoesNotContain(known.Where(path => path.StartsWith("actors443.sites.", StringComparison.Ordinal)).Select(LastKey), key => !written.Contains(key));
    }

    [Fact]
    public void An_empty_file_gives_the_defaults() => Assert.Equal(Show(new ServerSettings()), Show(Good("")));

    [Fact]
    public void The_built_in_file_is_one_welcome_site_for_every_host()
    {
        ServerSettings settings = Good(LoadFiles([]));

        Assert.Equal(["* /* WelcomeRoute"], settings.Sites.SelectMany(site => site.Routes.Select(route => $"{site.Name} {route.Path} {route.GetType().Name}")));
        Assert.False(settings.Core.Https.BindIsExplicit);
    }

    /// <summary>Everything in the settings as text, lists and maps by their elements: records compare those by reference.</summary>
    internal static string Show(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        IDictionary map => "{" + string.Join(", ", map.Keys.Cast<object>().Select(key => $"{key}: {Show(map[key])}")) + "}",
        IEnumerable list => "[" + string.Join(", ", list.Cast<object>().Select(Show)) + "]",
        _ when value.GetType().Namespace?.StartsWith("Actors443", StringComparison.Ordinal) == true && !value.GetType().IsEnum =>
            $"{value.GetType().Name} {{ " + string.Join(", ", value.GetType().GetProperties().Where(property => property.GetIndexParameters().Length == 0 && !property.GetMethod!.IsStatic)
                .Select(property => $"{property.Name} = {Show(property.GetValue(value))}")) + " }\n",
        _ => string.Format(System.Globalization.CultureInfo.InvariantCulture, "{0}", value),
    };

    private static LoadedSettings Read(string text, out IReadOnlyCollection<string> known) =>
        ServerSettingsLoader.LoadTexts([new HoconText("reference.conf", text)], [], _ => null, out known);

    private static string Reference()
    {
        using Stream stream = typeof(Actors443Settings).Assembly.GetManifestResourceStream("Actors443.reference.conf")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"(?<=^\s*)#\| ?", RegexOptions.Multiline)]
    private static partial Regex ExampleMark();
}
