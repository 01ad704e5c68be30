namespace ScriptProxy;

/// <summary>How the hash policy lays keys out over peers.</summary>
public enum HashTable
{
    /// <summary>Maglev: shares are exact to a percent, what left is spread evenly.</summary>
    Maglev,

    /// <summary>A ring of 160 points for each unit of weight (nginx's "hash ... consistent"): less memory, shares are exact to about a tenth.</summary>
    Ketama,
}
