using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Core.Net;

/// <summary>
/// The items of a list header from the last to the first, over all its lines. From the right, because only what trusted proxies appended there
/// is known to be well formed: an opening quote that a client left behind must not swallow it.
/// </summary>
internal ref struct HeaderItems(StringValues lines)
{
    private readonly StringValues _lines = lines;
    private int _line = lines.Count;
    private ReadOnlySpan<char> _rest = [];

    public ReadOnlySpan<char> Current { get; private set; } = [];

    /// <summary>Goes to the item before; empty ones are passed over. False at the beginning of the header.</summary>
    public bool MovePrevious()
    {
        while (true)
        {
            while (_rest.IsEmpty)
            {
                if (_line == 0)
                    return false;
                _rest = _lines[--_line];
            }

            int comma = LastSeparator(_rest);
            Current = _rest[(comma + 1)..].Trim(" \t");
            _rest = comma < 0 ? [] : _rest[..comma];
            if (!Current.IsEmpty)
                return true;
        }
    }

    private static int LastSeparator(ReadOnlySpan<char> text)
    {
        bool quoted = false;
        for (int i = text.Length - 1; i >= 0; i--)
        {
            if (text[i] == '"' && !(quoted && IsEscaped(text, i)))
                quoted = !quoted;
            else if (text[i] == ',' && !quoted)
                return i;
        }

        return -1;
    }

    private static bool IsEscaped(ReadOnlySpan<char> text, int index)
    {
        int backslashes = 0;
        while (index - backslashes > 0 && text[index - backslashes - 1] == '\\')
            backslashes++;
        return backslashes % 2 == 1;
    }
}
