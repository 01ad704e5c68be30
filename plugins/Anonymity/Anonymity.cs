namespace ScriptProxy;

/// <summary>How much a peer learns of a client and a client of the peers, and what is written down of both.</summary>
public enum Anonymity
{
    /// <summary>Everything goes through as if this were not there: a peer gets the client's address as the upstream's Forwarded(...) says.</summary>
    Transparent,

    /// <summary>A peer sees that a gateway stands in between, but not for whom: addresses become pseudonyms, what tells one browser from another is generalised.</summary>
    Anonymous,

    /// <summary>A peer sees neither the client nor, in the headers, a gateway; what is left is the same for nearly everybody.</summary>
    Elite,
}

/// <summary>What stands in the place of a client's address.</summary>
public enum AddressForm
{
    /// <summary>Nothing; in logs 0.0.0.0 or ::.</summary>
    Removed,

    /// <summary>The network: the first 24 bits of an IPv4 address, the first 48 of an IPv6 address.</summary>
    Truncated,

    /// <summary>An identifier that one client keeps for a period (RFC 7239, 6.3), and that tells nothing else; in logs an address of 100::/64 (RFC 6666), which nobody has.</summary>
    Pseudonym,
}
