namespace ScriptProxy.Tests.Plugins;

/// <summary>A gateway's folder with plugins in it.</summary>
internal static class PluginFolderExtensions
{
    internal static string PluginPath(this Harness.TestFolder folder, string name, string file = "") => folder.PathOf(Path.Combine("plugins", name, file));

    /// <summary>Writes NAME.dll in place, as a plain copy does.</summary>
    internal static void Drop(this Harness.TestFolder folder, string name, byte[] image, params (string Name, byte[] Bytes)[] others)
    {
        Directory.CreateDirectory(folder.PluginPath(name));
        foreach (var (other, bytes) in others)
        {
            File.WriteAllBytes(folder.PluginPath(name, other), bytes);
        }

        File.WriteAllBytes(folder.PluginPath(name, $"{name}.dll"), image);
    }
}
