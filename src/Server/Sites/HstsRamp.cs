using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Actors443.Certificates;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Sites;

/// <summary>
/// Strict-Transport-Security by site (RFC 6797), short at first so that a mistake can be taken back. When a site was first seen is kept in the state
/// directory. Thread-safe.
/// </summary>
internal sealed class HstsRamp
{
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _firstSeen;
    private readonly Lock _saving = new();
    private readonly ConditionalWeakTable<HstsSettings, Values> _values = [];

    public HstsRamp(string stateDirectory, TimeProvider time, ILogger log)
    {
        _path = Path.Combine(stateDirectory, "hsts.json");
        _time = time;
        _log = log;
        _firstSeen = new ConcurrentDictionary<string, DateTimeOffset>(Read(), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether answers for a host have the header.</summary>
    /// <param name="host">Name in the request.</param>
    /// <param name="settings">Those of its site.</param>
    public static bool Concerns(string host, HstsSettings settings) => settings.Enabled && !HostNames.IsAddress(host) && !HostNames.IsLocal(host);

    /// <summary>The header's value.</summary>
    /// <param name="site">Name of the site, by which the ramp goes: the site <c>*</c> has one ramp, however many hosts are asked of it.</param>
    /// <param name="settings">Those of the site.</param>
    public string ValueFor(string site, HstsSettings settings)
    {
        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset firstSeen = _firstSeen.TryGetValue(site, out DateTimeOffset seen) ? seen : Note(site, now);
        Values values = _values.GetValue(settings, static settings => new Values(settings));
        return now - firstSeen < settings.Ramp ? values.Ramp : values.Full;
    }

    private DateTimeOffset Note(string site, DateTimeOffset now)
    {
        DateTimeOffset noted = _firstSeen.GetOrAdd(site, now);
        try
        {
            lock (_saving)
            {
                PrivateFile.MakeFolder(Path.GetDirectoryName(_path)!);
                PrivateFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(new SortedDictionary<string, DateTimeOffset>(_firstSeen, StringComparer.Ordinal)));
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // The ramp begins anew after a restart; requests go on.
            _log.HstsNotSaved(_path, cause.Message);
        }

        return noted;
    }

    private Dictionary<string, DateTimeOffset> Read()
    {
        var read = new Dictionary<string, DateTimeOffset>(StringComparer.OrdinalIgnoreCase);
        try
        {
            DateTimeOffset now = _time.GetUtcNow();
            foreach ((string site, DateTimeOffset firstSeen) in JsonSerializer.Deserialize<Dictionary<string, DateTimeOffset>>(File.ReadAllBytes(_path)) ?? [])
            {
                // Noted by a clock that was ahead: kept, the ramp would last until then.
                if (firstSeen <= now)
                    read[site] = firstSeen;
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or JsonException)
        {
            if (cause is not (FileNotFoundException or DirectoryNotFoundException))
                _log.HstsNotRead(_path, cause.Message);
        }

        return read;
    }

    /// <summary>The header's values, written once.</summary>
    private sealed class Values(HstsSettings settings)
    {
        public string Ramp { get; } = Write(settings, settings.RampMaxAge);

        public string Full { get; } = Write(settings, settings.MaxAge);

        private static string Write(HstsSettings settings, TimeSpan age) =>
            $"max-age={(long)age.TotalSeconds}{(settings.IncludeSubDomains ? "; includeSubDomains" : "")}{(settings.Preload ? "; preload" : "")}";
    }
}
