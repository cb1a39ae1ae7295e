using System.Net;
using Actors443.Configuration;
using Actors443.Engine;

namespace Actors443.Tunnels.Targets;

/// <summary>What is said about an address that a target has.</summary>
internal enum AddressVerdict
{
    /// <summary>It may be connected to.</summary>
    Allowed,

    /// <summary>No rule leads there.</summary>
    NotAllowed,

    /// <summary>A rule leads there, but it is not public and no setting names its network.</summary>
    NotPublic,
}

/// <summary>Where the tunnels of one account may lead. Immutable, thread-safe.</summary>
internal sealed class TargetPolicy(IReadOnlyList<TunnelRule> rules, IReadOnlyList<IPNetwork> privateNetworks)
{
    /// <summary>Whether there is any use in looking for the target's addresses: those of a name that no rule can lead to are not asked for.</summary>
    public bool MayLookUp(TunnelTarget target) => rules.Any(rule => HasPort(rule, target.Port) && (rule.Network is not null || Names(rule, target)));

    /// <summary>Whether a rule has the target as it is written.</summary>
    public bool HasName(TunnelTarget target) => rules.Any(rule => HasPort(rule, target.Port) && Names(rule, target));

    /// <summary>About an address of the target, which is then the one to be connected to: what a name resolved to before counts for nothing.</summary>
    public AddressVerdict Check(TunnelTarget target, IPAddress address)
    {
        // So the kernel connects to it.
        address = PlainAddress.Of(address);
        if (!rules.Any(rule => HasPort(rule, target.Port) && (rule.Network is { } network ? network.Contains(address) : Names(rule, target))))
            return AddressVerdict.NotAllowed;
        foreach (IPAddress face in SpecialAddresses.Within(address).Append(address))
        {
            if (SpecialAddresses.Of(face).Any(special => !IsNamed(face, special, target.Port)))
                return AddressVerdict.NotPublic;
        }

        return AddressVerdict.Allowed;
    }

    // 0.0.0.0/0 names no private network, 10.0.0.0/8 does, and 169.254.0.0/16 does not name the metadata service in it.
    private bool IsNamed(IPAddress address, IPNetwork special, int port)
    {
        bool Names(IPNetwork network) => network.Contains(address) && network.PrefixLength >= special.PrefixLength;
        return privateNetworks.Any(Names) || rules.Any(rule => rule.Network is { } network && HasPort(rule, port) && Names(network));
    }

    private static bool HasPort(TunnelRule rule, int port) => port >= rule.FirstPort && port <= rule.LastPort;

    private static bool Names(TunnelRule rule, TunnelTarget target) => rule.Host switch
    {
        null => false,
        "*" => true,
        _ when target.Address is not null => false,
        ['*', .. var suffix] => target.Host.Length > suffix.Length && target.Host.EndsWith(suffix, StringComparison.Ordinal),
        _ => rule.Host == target.Host,
    };
}
