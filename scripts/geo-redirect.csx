// Sends clients to the site of their region, by the network that they come from.
//     #load "scripts/geo-redirect.csx"
//     Trust("10.0.0.0/8");                       // the balancer in front, whose X-Forwarded-For is believed
//     Route("/{**path}").Access(GeoRedirect).To("shop");
using System.Net;

// In earnest the table comes from a file or a service; Every(Hours(24), ...) may fetch it anew.
var regions = new (IPNetwork Network, string Site)[]
{
    (IPNetwork.Parse("192.0.2.0/24"), "https://de.shop.example"),
    (IPNetwork.Parse("198.51.100.0/24"), "https://us.shop.example"),
    (IPNetwork.Parse("2001:db8::/32"), "https://eu.shop.example"),
};

Verdict GeoRedirect(AccessContext r)
{
    foreach (var (network, site) in regions)
    {
        if (network.Contains(r.ClientIp))
            return r.Redirect(site + r.Request.Path + r.Request.QueryString);
    }

    return r.Next;
}
