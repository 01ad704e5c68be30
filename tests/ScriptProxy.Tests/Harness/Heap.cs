namespace ScriptProxy.Tests.Harness;

internal static class Heap
{
    /// <summary>Bytes of the objects that something still holds.</summary>
    /// <remarks>
    /// Not <see cref="GC.GetTotalMemory"/>: where pinned objects are left over it takes the gaps around them off although it never counted them, and shows
    /// growth that is none as these gaps are filled.
    /// </remarks>
    internal static long Live()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        var heap = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        return heap.HeapSizeBytes - heap.FragmentedBytes;
    }
}
