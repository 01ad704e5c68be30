// A phase file for Access: the members of AccessContext are its globals, falling off the end means Next.
//     Route("/office/{**path}").Access("scripts/office-hours.csx").To("shop");
if (Time.GetLocalNow().Hour is < 8 or >= 18)
    return Respond(503, "closed\n");
