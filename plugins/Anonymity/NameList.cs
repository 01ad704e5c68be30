namespace ScriptProxy.Anonymizing;

/// <summary>Names, of which those with a '*' at their end stand for all that begin so.</summary>
internal sealed class NameList
{
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _names;
    private readonly string[] _beginnings;
    private readonly StringComparison _comparison;

    internal NameList(IEnumerable<string> names, bool ignoreCase)
    {
        _comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        var all = names.ToList();
        _names = new HashSet<string>(all.Where(n => !n.EndsWith('*')), StringComparer.FromComparison(_comparison)).GetAlternateLookup<ReadOnlySpan<char>>();
        _beginnings = [.. all.Where(n => n.EndsWith('*')).Select(n => n[..^1])];
    }

    internal bool IsEmpty => _names.Set.Count == 0 && _beginnings.Length == 0;

    internal bool Contains(ReadOnlySpan<char> name)
    {
        if (_names.Contains(name))
        {
            return true;
        }

        foreach (var beginning in _beginnings)
        {
            if (name.StartsWith(beginning, _comparison))
            {
                return true;
            }
        }

        return false;
    }
}
