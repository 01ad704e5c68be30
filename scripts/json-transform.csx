// Takes fields out of JSON answers and adds one.
//     #load "scripts/json-transform.csx"
//     Route("/api/{**path}").BodyFilter(HideInternals).To("api");
using System.Text.Json.Nodes;

void HideInternals(BodyFilterContext b)
{
    if (b.Response.ContentType?.StartsWith("application/json") != true)
        return;

    // The whole document is needed at once, so it is collected first, up to a megabyte.
    b.Buffer(1024 * 1024, text =>
    {
        if (JsonNode.Parse(text) is not JsonObject document)
            return text;

        document.Remove("cost");
        document.Remove("supplier");
        document["servedBy"] = b.Peer?.Name;
        return document.ToJsonString();
    });
}
