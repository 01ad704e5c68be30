// Sends a share of the clients to the peers tagged "canary", each client always to the same side. The cookie canary=1 or canary=0 overrules it.
//     #load "scripts/canary.csx"
//     Upstream("shop", "http://10.0.0.11:8080").Peer("http://10.0.0.21:8080", tags: ["canary"]);
//     Route("/shop/{**path}").Balancer(Canary).To("shop");
// The share is the setting "canary-percent", 10 unless set.
int canaryPercent = Settings.GetValue("canary-percent", 10);

Peer? Canary(BalancerContext b)
{
    var canary = b.Request.Cookies["canary"] switch
    {
        "1" => true,
        "0" => false,
        _ => CanaryBucket(b.ClientIp) < canaryPercent,
    };

    // An empty set picks null, and null lets the upstream's own policy choose: without a canary that is up, everyone is still served.
    return (canary ? b.Tagged("canary") : b.Where(p => !p.Tags.Contains("canary"))).Pick("round-robin");
}

// 0 to 99, always the same for an address; string.GetHashCode would differ from start to start.
static int CanaryBucket(System.Net.IPAddress client) =>
    (int)(client.GetAddressBytes().Aggregate(2166136261u, (hash, b) => (hash ^ b) * 16777619u) % 100);
