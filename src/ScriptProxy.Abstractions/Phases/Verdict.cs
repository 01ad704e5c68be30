using Microsoft.AspNetCore.Http;

namespace ScriptProxy;

/// <summary>What a handler of Rewrite, Access, Content or Error decides about the request. A closed set; null means <see cref="Next"/>.</summary>
public sealed class Verdict
{
    internal enum Kind
    {
        Next,
        Respond,
        Redirect,
        Exec,
        Drop,
        File,
    }

    private Verdict(Kind kind) => What = kind;

    /// <summary>Go on: the next handler of this phase, then the next phase.</summary>
    public static Verdict Next { get; } = new(Kind.Next);

    internal static Verdict Dropped { get; } = new(Kind.Drop);

    internal Kind What { get; }

    internal int Status { get; private init; }

    /// <summary>The body (string, or bytes), the redirect's location, the path of Exec, or the file's path.</summary>
    internal object? Payload { get; private init; }

    internal string? ContentType { get; private init; }

    internal static Verdict Respond(int status, object? payload, string? contentType)
    {
        // 1xx are not final answers, and what is outside of 200-999 is no status of RFC 9110.
        if (status is < 200 or > 999)
        {
            throw new ArgumentOutOfRangeException(nameof(status), status, "A final status lies between 200 and 999.");
        }

        ThrowIfNoHeader(contentType, nameof(contentType));
        return new Verdict(Kind.Respond) { Status = status, Payload = payload, ContentType = contentType };
    }

    internal static Verdict Redirect(string url, int status)
    {
        ArgumentException.ThrowIfNullOrEmpty(url);
        if (status is not (StatusCodes.Status301MovedPermanently or StatusCodes.Status302Found or StatusCodes.Status303SeeOther
            or StatusCodes.Status307TemporaryRedirect or StatusCodes.Status308PermanentRedirect))
        {
            throw new ArgumentOutOfRangeException(nameof(status), status, "A redirect has status 301, 302, 303, 307 or 308.");
        }

        ThrowIfNoHeader(url, nameof(url));
        return new Verdict(Kind.Redirect) { Status = status, Payload = url };
    }

    internal static Verdict Exec(string path)
    {
        if (string.IsNullOrEmpty(path) || path[0] != '/')
        {
            throw new ArgumentException($"Exec takes a path that starts with '/', not '{path}'.", nameof(path));
        }

        return new Verdict(Kind.Exec) { Payload = path };
    }

    internal static Verdict File(string path, string? contentType)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new Verdict(Kind.File) { Status = StatusCodes.Status200OK, Payload = path, ContentType = contentType };
    }

    /// <remarks>Where it is written the mistake can be told by its line; the server would refuse it later, in nobody's name.</remarks>
    private static void ThrowIfNoHeader(string? value, string parameter)
    {
        if (value is not null && value.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            throw new ArgumentException("It becomes a header, which holds no line breaks and no other control characters.", parameter);
        }
    }

    /// <inheritdoc />
    public override string ToString() => What switch
    {
        Kind.Respond => $"Respond({Status})",
        Kind.Redirect => $"Redirect({Payload}, {Status})",
        Kind.Exec => $"Exec({Payload})",
        Kind.File => $"File({Payload})",
        Kind.Drop => "Drop()",
        _ => "Next",
    };
}
