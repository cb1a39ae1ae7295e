using Actors443.Certificates;

namespace Actors443.Configuration;

/// <summary><c>actors443.certificates.acme.on-demand</c>: certificates ordered when the first client asks for a name.</summary>
public sealed record AcmeOnDemandSettings
{
    internal const string AnyName = "*";

    /// <summary>For which names: exact ones, <c>*.example.com</c> (one label), <c>*</c>. Empty: all if somebody is asked for permission, else none.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Asked for permission as <c>URL?domain=NAME</c>: 2xx permits, 4xx forbids; null: nobody is.</summary>
    public Uri? Ask { get; init; }

    /// <summary>How long it has to answer.</summary>
    public TimeSpan AskTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a handshake may wait.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Handshakes that wait at once; more are refused.</summary>
    public int Waiting { get; init; } = 1000;

    /// <summary>Names waited for at once; handshakes for more are refused.</summary>
    public int NamesAtOnce { get; init; } = 100;

    /// <summary>How long a name that was forbidden, or whose order failed, is treated as unknown.</summary>
    public TimeSpan RefusedFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A name that nobody has asked for so long is not served or renewed any more.</summary>
    public TimeSpan Unused { get; init; } = TimeSpan.FromDays(60);

    internal bool IsOn => Names.Count > 0 || Ask is not null;

    /// <summary>With somebody who permits them, no list means all names.</summary>
    internal AcmeOnDemandSettings Effective => Names.Count == 0 ? this with { Names = [AnyName] } : this;

    internal bool Lists(string name)
    {
        foreach (string listed in Names)
        {
            if (listed == AnyName || CertificateValidation.Covers(listed, name))
                return true;
        }

        return false;
    }
}
