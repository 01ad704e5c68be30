using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace ScriptProxy.Core.Files;

/// <summary>What a route's <c>Files</c> was given.</summary>
/// <param name="Root">The folder, absolute. It may itself be a symbolic link, also one that is pointed elsewhere while files are served.</param>
internal sealed record StaticFilesOptions(string Root)
{
    /// <summary>The names looked for, in order, where a folder is asked for.</summary>
    public IReadOnlyList<string> IndexFiles { get; init; } = ["index.html"];

    /// <summary>The file below the root that answers GET and HEAD where there is no other (the last word of try_files); null: none.</summary>
    public string? Fallback { get; init; }
}

/// <summary>The folder or file that a route's <c>Files</c> names is not there. The message is for the operator.</summary>
internal sealed class StaticFilesException(string message) : Exception(message);

/// <summary>
/// The files below one folder: nginx's root, index and try_files. Built once per route and generation; it holds nothing open
/// between requests.
/// </summary>
internal sealed class StaticFiles
{
    private readonly FileTree _tree;
    private readonly IReadOnlyList<string> _indexFiles;
    private readonly string? _fallback;

    /// <exception cref="StaticFilesException">The root is no folder, or the fallback no file in it.</exception>
    public StaticFiles(StaticFilesOptions options)
    {
        if (!Path.IsPathFullyQualified(options.Root))
            throw new StaticFilesException($"The folder of static files must be given as an absolute path: {options.Root}");
        if (File.Exists(options.Root))
            throw new StaticFilesException($"The folder of static files is a file: {options.Root}");
        if (!Directory.Exists(options.Root))
            throw new StaticFilesException($"The folder of static files does not exist: {options.Root}");

        _tree = new FileTree(options.Root);
        _indexFiles = options.IndexFiles;
        if (options.Fallback is not null)
        {
            _fallback = _tree.Locate(options.Fallback);
            if (_fallback is null || !_tree.HasFile(_fallback))
                throw new StaticFilesException($"The fallback file {options.Fallback} does not exist in {options.Root}");
        }
    }

    /// <summary>Answers with the file at <paramref name="path"/> below the root.</summary>
    /// <param name="context">Its request path decides whether a folder was asked for with its slash.</param>
    /// <param name="path">Percent-decoded, as routing gives it. Made by the constructor: PathString's conversion from a string decodes once more.</param>
    /// <returns>False, with the response untouched, where there is no such file or it is not to be seen (dotfiles, ways out of the root).</returns>
    public ValueTask<bool> TryServeAsync(HttpContext context, PathString path)
    {
        if (_tree.Locate(path.Value) is not { } located)
            return new(false);

        bool asFolder = context.Request.Path.Value is ['/', ..] whole && whole[^1] == '/';
        if (FindFile(located, asFolder, out bool needsSlash) is { } file)
        {
            if (!IsRead(context.Request))
                return new(Refuse(context.Response));
            return needsSlash ? new(RedirectToFolder(context)) : SendAsync(context, file);
        }

        if (_fallback is not null && IsRead(context.Request))
            return SendAsync(context, _fallback);
        return new(false);
    }

    private static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    private string? FindFile(string located, bool asFolder, out bool needsSlash)
    {
        needsSlash = false;
        if (!Directory.Exists(located))
            return !asFolder && _tree.HasFile(located) ? located : null;

        foreach (string name in _indexFiles)
        {
            string index = Path.Combine(located, name);
            if (_tree.HasFile(index))
            {
                // Without the slash the page's relative links would point beside the folder.
                needsSlash = !asFolder;
                return index;
            }
        }

        return null;
    }

    private static bool Refuse(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        response.Headers.Allow = "GET, HEAD";
        return true;
    }

    private static bool RedirectToFolder(HttpContext context)
    {
        HttpRequest request = context.Request;

        // One leading slash only: "//name" would be another host. Encoded anew from the decoded path, where % stands for itself.
        IEnumerable<string> segments = (request.PathBase.Value + request.Path.Value)
            .Split('/', StringSplitOptions.RemoveEmptyEntries)
            .Select(Uri.EscapeDataString);
        context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        context.Response.Headers.Location = $"/{string.Join('/', segments)}/{request.QueryString}";
        return true;
    }

    private async ValueTask<bool> SendAsync(HttpContext context, string file)
    {
        try
        {
            string[] encodings = Precompressed.Encodings(_tree, file);
            if (encodings.Length > 0)
            {
                string? chosen = Precompressed.Choose(encodings, context.Request.Headers.AcceptEncoding);
                if (chosen is not null)
                {
                    using OpenFile? sibling = OpenFile.TryOpen(file + Precompressed.Extension(chosen));
                    if (sibling is not null)
                    {
                        context.Response.Headers.ContentEncoding = chosen;
                        await SendAsync(context, sibling, file, varies: true);
                        return true;
                    }
                }
            }

            using OpenFile? plain = OpenFile.TryOpen(file);
            if (plain is null)
                return false;
            await SendAsync(context, plain, file, varies: encodings.Length > 0);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return true;
        }
    }

    private static Task SendAsync(HttpContext context, OpenFile representation, string file, bool varies)
    {
        if (varies)
            context.Response.Headers.AppendCommaSeparatedValues(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        return FileResponse.SendAsync(context, representation, ContentTypes.Of(file));
    }
}

/// <summary>The media type of a file by the end of its name.</summary>
internal static class ContentTypes
{
    private static readonly FileExtensionContentTypeProvider Known = new();

    public static string Of(string file)
    {
        if (!Known.TryGetContentType(file, out string? type))
            return "application/octet-stream";

        // XML names its encoding itself, and a charset here would override that.
        bool isText = type.StartsWith("text/", StringComparison.Ordinal) && type != "text/xml";
        return isText ? type + "; charset=utf-8" : type;
    }
}
