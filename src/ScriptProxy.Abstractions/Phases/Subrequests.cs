using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy;

/// <summary>The answer of a subrequest. The body streams: read it, or dispose the result.</summary>
public sealed class SubrequestResult : IAsyncDisposable, IDisposable
{
    private string? _text;

    internal SubrequestResult(int statusCode, IHeaderDictionary headers, Stream stream)
    {
        StatusCode = statusCode;
        Headers = headers;
        Stream = stream;
    }

    /// <summary>The status, 200 to 999.</summary>
    public int StatusCode { get; }

    /// <summary>True for 200 to 299.</summary>
    public bool IsSuccess => StatusCode is >= 200 and <= 299;

    /// <summary>The answer's headers.</summary>
    public IHeaderDictionary Headers { get; }

    /// <summary>The body while it arrives.</summary>
    public Stream Stream { get; }

    /// <summary>Reads the body to its end as UTF-8; again the same text.</summary>
    /// <param name="max">The most bytes to take; 10 MiB unless given.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="InvalidDataException">The body is longer than <paramref name="max"/>.</exception>
    public async ValueTask<string> ReadTextAsync(int max = 10 * 1024 * 1024, CancellationToken stop = default)
    {
        if (_text is not null)
        {
            return _text;
        }

        using var held = new MemoryStream();
        var chunk = new byte[8192];
        int read;
        while ((read = await Stream.ReadAsync(chunk, stop)) > 0)
        {
            if (held.Length + read > max)
            {
                throw new InvalidDataException($"The subrequest's body is longer than {max} bytes.");
            }

            held.Write(chunk, 0, read);
        }

        return _text = Encoding.UTF8.GetString(held.GetBuffer(), 0, (int)held.Length);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    /// <inheritdoc />
    public void Dispose() => Stream.Dispose();
}

internal sealed record SubrequestOptions(string Path, string Method)
{
    internal Stream? Body { get; init; }

    internal IEnumerable<KeyValuePair<string, StringValues>>? Headers { get; init; }

    internal bool InheritHeaders { get; init; } = true;
}
