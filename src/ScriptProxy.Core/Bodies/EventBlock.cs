using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ScriptProxy.Core.Bodies;

/// <summary>Reads and writes the lines of one server-sent event.</summary>
internal static class EventBlock
{
    /// <summary>Appends what the function makes of the event. The block's lines all end with LF, the last one is empty.</summary>
    internal static void Edit(ReadOnlySpan<byte> block, Func<ServerSentEvent, ServerSentEvent?> edit, PooledBuffer output)
    {
        // Without data there is no event, but id and retry still tell the client something.
        if (Parse(block) is not { } parsed)
        {
            output.Append(block);
            return;
        }

        var edited = edit(parsed);
        if (edited == parsed)
        {
            output.Append(block);
            return;
        }

        Comments(block, output);
        if (edited is not null)
            Write(edited, output);
    }

    private static ServerSentEvent? Parse(ReadOnlySpan<byte> block)
    {
        StringBuilder? data = null;
        string? type = null;
        string? id = null;
        int? retry = null;
        foreach (var range in block.Split((byte)'\n'))
        {
            var line = block[range];
            var colon = line.IndexOf((byte)':');
            if (line.IsEmpty || colon == 0)
                continue;
            var name = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? default : line[(colon + 1)..];
            if (value is [(byte)' ', ..])
                value = value[1..];
            if (name.SequenceEqual("data"u8))
            {
                data = data is null ? new StringBuilder() : data.Append('\n');
                data.Append(Encoding.UTF8.GetString(value));
            }
            else if (name.SequenceEqual("event"u8))
            {
                type = Encoding.UTF8.GetString(value);
            }
            else if (name.SequenceEqual("id"u8) && !value.Contains((byte)0))
            {
                id = Encoding.UTF8.GetString(value);
            }
            else if (name.SequenceEqual("retry"u8) && value.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
                && Utf8Parser.TryParse(value, out int milliseconds, out var used) && used == value.Length)
            {
                retry = milliseconds;
            }
        }

        return data is null ? null : new ServerSentEvent(data.ToString(), type, id, retry);
    }

    private static void Comments(ReadOnlySpan<byte> block, PooledBuffer output)
    {
        foreach (var range in block.Split((byte)'\n'))
        {
            if (block[range] is not [(byte)':', ..])
                continue;
            output.Append(block[range]);
            output.Append("\n"u8);
        }
    }

    private static void Write(ServerSentEvent edited, PooledBuffer output)
    {
        if (edited.Id is { } id)
            Field("id: ", id, output);
        if (edited.Event is { } type)
            Field("event: ", type, output);
        if (edited.Retry is { } retry)
            Field("retry: ", retry.ToString(CultureInfo.InvariantCulture), output);
        foreach (var line in edited.Data.Replace("\r\n", "\n").Replace('\r', '\n').Split('\n'))
            Field("data: ", line, output);
        output.Append("\n"u8);
    }

    private static void Field(string name, string value, PooledBuffer output)
    {
        // A line break here would be the end of the field and the begin of whatever the rest says.
        if (value.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0 && name != "data: ")
            throw new InvalidOperationException($"The '{name.TrimEnd(' ', ':')}' field of a server-sent event cannot hold a line break or U+0000.");
        Encoding.UTF8.GetBytes(name, output);
        Encoding.UTF8.GetBytes(value, output);
        output.Append("\n"u8);
    }
}
