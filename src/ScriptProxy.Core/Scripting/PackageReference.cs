namespace ScriptProxy.Core.Scripting;

/// <summary><c>#r "nuget: Name, 1.2.3"</c>: exactly this version.</summary>
internal sealed record PackageReference(string Id, string Version)
{
    private const string Prefix = "nuget:";

    /// <summary>Null where the text names no package. A missing version stays empty, so that it is refused where it is looked up.</summary>
    public static PackageReference? TryParse(string reference)
    {
        if (!reference.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var parts = reference[Prefix.Length..].Split(',', 2, StringSplitOptions.TrimEntries);
        return new PackageReference(parts[0], parts.Length == 2 ? parts[1] : "");
    }

    public override string ToString() => Version.Length == 0 ? Id : $"{Id} {Version}";
}
