namespace ScriptProxy.Core.Net;

/// <summary>
/// Fields in which a client gives an origin's entity tag back. Tags may hold bytes beyond ASCII (RFC 9110, 8.8.3): they are read from origins as Latin-1, and only
/// read and written so here they are the same bytes again, and equal to what is stored. As UTF-8, like other fields, a request with such a tag would be refused.
/// </summary>
internal static class EntityTags
{
    internal static bool AreIn(string header) =>
        header.Equals("If-None-Match", StringComparison.OrdinalIgnoreCase)
        || header.Equals("If-Match", StringComparison.OrdinalIgnoreCase)
        || header.Equals("If-Range", StringComparison.OrdinalIgnoreCase);
}
