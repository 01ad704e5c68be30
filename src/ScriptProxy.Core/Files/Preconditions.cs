using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ScriptProxy.Core.Files;

internal enum PreconditionOutcome
{
    /// <summary>Answer as if there were no precondition.</summary>
    Proceed,

    /// <summary>304.</summary>
    NotModified,

    /// <summary>412.</summary>
    Failed,
}

/// <summary>The conditional headers of a GET or HEAD, in the order of RFC 9110 section 13.2.2.</summary>
internal static class Preconditions
{
    public static PreconditionOutcome Evaluate(IHeaderDictionary headers, EntityTagHeaderValue etag, DateTimeOffset lastModified)
    {
        if (headers.IfMatch.Count > 0)
        {
            if (!Matches(headers.IfMatch, etag, strongly: true))
                return PreconditionOutcome.Failed;
        }
        else if (HeaderUtilities.TryParseDate(headers.IfUnmodifiedSince.ToString(), out DateTimeOffset unmodifiedSince) && lastModified > unmodifiedSince)
        {
            return PreconditionOutcome.Failed;
        }

        // A date says less than an entity tag: where both are given only the tag counts.
        if (headers.IfNoneMatch.Count > 0)
            return Matches(headers.IfNoneMatch, etag, strongly: false) ? PreconditionOutcome.NotModified : PreconditionOutcome.Proceed;

        return HeaderUtilities.TryParseDate(headers.IfModifiedSince.ToString(), out DateTimeOffset modifiedSince) && lastModified <= modifiedSince
            ? PreconditionOutcome.NotModified
            : PreconditionOutcome.Proceed;
    }

    private static bool Matches(StringValues header, EntityTagHeaderValue etag, bool strongly)
    {
        if (!EntityTagHeaderValue.TryParseList(header, out IList<EntityTagHeaderValue>? tags))
            return false;

        foreach (EntityTagHeaderValue tag in tags)
        {
            if (tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(etag, strongly))
                return true;
        }

        return false;
    }
}

/// <summary>The bytes of a file that an answer carries.</summary>
internal readonly record struct ByteRange(long Offset, long Count, bool IsPart)
{
    public bool IsUnsatisfiable => Offset < 0;

    public static ByteRange Whole(long length) => new(0, length, IsPart: false);

    /// <summary>
    /// The part that Range and If-Range ask for. Several ranges, other units and a malformed header get the whole file, as RFC 9110
    /// section 14.2 allows: overlapping ranges are a way to make a server work for nothing.
    /// </summary>
    public static ByteRange Select(IHeaderDictionary headers, OpenFile file)
    {
        if (headers.Range.Count != 1
            || !RangeHeaderValue.TryParse(headers.Range.ToString(), out RangeHeaderValue? range)
            || range.Unit != "bytes"
            || range.Ranges.Count != 1
            || !IsFresh(headers.IfRange, file))
        {
            return Whole(file.Length);
        }

        RangeItemHeaderValue item = range.Ranges.First();
        long from = item.From ?? Math.Max(0, file.Length - item.To!.Value);
        long to = item.From is null ? file.Length - 1 : Math.Min(item.To ?? long.MaxValue, file.Length - 1);
        return from >= file.Length ? new ByteRange(-1, 0, IsPart: false) : new ByteRange(from, to - from + 1, IsPart: true);
    }

    private static bool IsFresh(StringValues ifRange, OpenFile file)
    {
        if (ifRange.Count == 0)
            return true;
        if (!RangeConditionHeaderValue.TryParse(ifRange.ToString(), out RangeConditionHeaderValue? condition))
            return false;
        return condition.EntityTag is { } tag ? tag.Compare(file.ETag, useStrongComparison: true) : condition.LastModified == file.LastModified;
    }
}
