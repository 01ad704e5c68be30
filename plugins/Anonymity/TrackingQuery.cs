using System.Text;

namespace ScriptProxy.Anonymizing;

/// <summary>Parameters that advertisers and mailers put into links to recognise who follows them.</summary>
internal static class TrackingQuery
{
    internal static IReadOnlyList<string> Known { get; } =
    [
        "utm_*", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "_ga", "_gl", "srsltid", "fbclid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source",
        "msclkid", "twclid", "ttclid", "li_fat_id", "epik", "ScCid", "rdt_cid", "igsh", "igshid", "yclid", "ysclid", "_openstat", "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "__hssc",
        "__hstc", "__hsfp", "hsCtaTracking", "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "ml_subscriber", "ml_subscriber_hash", "_kx", "klaviyo_id", "rb_clickid",
        "wickedid", "irclickid", "matomo_*", "mtm_*", "_branch_match_id", "_branch_referrer", "bsft_*",
    ];

    /// <summary>The query without such parameters; the others stay as they are written.</summary>
    /// <param name="query">With its question mark, or empty.</param>
    /// <param name="unwanted">The names.</param>
    /// <returns>Null where nothing is to be changed.</returns>
    internal static string? Strip(ReadOnlySpan<char> query, NameList unwanted)
    {
        StringBuilder? kept = null;
        if (query.Length < 2 || unwanted.IsEmpty)
        {
            return null;
        }

        var parameters = query[1..];
        foreach (var range in parameters.Split('&'))
        {
            var parameter = parameters[range];
            if (!unwanted.Contains(Name(parameter)))
            {
                if (kept is not null)
                {
                    kept.Append(kept.Length == 0 ? '?' : '&').Append(parameter);
                }
            }
            else
            {
                // What stands before it; a question mark alone is none.
                kept ??= new StringBuilder().Append(range.Start.Value == 0 ? [] : query[..range.Start.Value]);
            }
        }

        return kept?.ToString();
    }

    /// <summary>The query with its names alone: <c>?a=*&amp;b=*</c>. What has no name is all value.</summary>
    internal static string WithoutValues(ReadOnlySpan<char> query)
    {
        if (query.Length < 2)
        {
            return query.ToString();
        }

        var names = new StringBuilder("?");
        var parameters = query[1..];
        foreach (var range in parameters.Split('&'))
        {
            var parameter = parameters[range];
            if (range.Start.Value > 0)
            {
                names.Append('&');
            }

            var equals = parameter.IndexOf('=');
            names.Append(equals < 0 ? [] : parameter[..(equals + 1)]).Append(parameter.IsEmpty ? "" : "*");
        }

        return names.ToString();
    }

    private static ReadOnlySpan<char> Name(ReadOnlySpan<char> parameter)
    {
        var equals = parameter.IndexOf('=');
        var name = equals < 0 ? parameter : parameter[..equals];
        return name.Contains('%') ? Uri.UnescapeDataString(name) : name;
    }
}
