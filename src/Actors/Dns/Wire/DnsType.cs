namespace Actors443.Dns.Wire;

/// <summary>Record types (RFC 1035 3.2.2, RFC 3596, RFC 6891, RFC 8945 and others): those that something here treats by name.</summary>
internal enum DnsType : ushort
{
    None = 0,
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Dname = 39,
    Opt = 41,
    Ds = 43,
    Rrsig = 46,
    Dnskey = 48,
    Tlsa = 52,
    Svcb = 64,
    Https = 65,
    Tkey = 249,
    Tsig = 250,

    /// <summary>The first of the question types that ask for no type of record (RFC 6895 3.1).</summary>
    Ixfr = 251,
    Axfr = 252,
    Any = 255,
    Caa = 257,
}

/// <summary>Classes (RFC 1035 3.2.4, RFC 2136 1.3).</summary>
internal enum DnsClass : ushort
{
    In = 1,

    /// <summary>In an update: remove this record.</summary>
    None = 254,
    Any = 255,
}

/// <summary>RCODE (RFC 1035 4.1.1, RFC 6891 6.1.3).</summary>
internal enum DnsResponseCode : ushort
{
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NxDomain = 3,
    NotImp = 4,
    Refused = 5,
    NxRrSet = 8,
    NotAuth = 9,
    NotZone = 10,

    /// <summary>A version of EDNS above 0. Extended: it needs an OPT record.</summary>
    BadVers = 16,
}

/// <summary>Why an answer is as it is (RFC 8914 4), beside its response code.</summary>
internal enum DnsExtendedError : ushort
{
    StaleAnswer = 3,
    CachedError = 13,
    Blocked = 15,
    Prohibited = 18,
    StaleNxDomain = 19,
    NotSupported = 21,
    NoReachableAuthority = 22,
    NetworkError = 23,

    /// <summary>There is none.</summary>
    None = ushort.MaxValue,
}
