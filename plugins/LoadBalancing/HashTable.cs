namespace ScriptProxy;

/// <summary>How the hash policy lays keys out over peers.</summary>
public enum HashTable
{
    /// <summary>Maglev: shares are exact to a percent, what left is spread evenly.</summary>
    Maglev,

    /// <summary>A ring of many points for each peer (nginx's "hash ... consistent"): a peer that is added or removed moves no key between two others; shares are exact to 2 % for up to some 30 peers.</summary>
    Ketama,
}
