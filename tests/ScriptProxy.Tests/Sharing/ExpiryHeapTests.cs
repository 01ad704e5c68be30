using CsCheck;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class ExpiryHeapTests
{
    [Fact]
    public void AddAndRemove_InAnyOrder_TheEarliestIsOnTop() =>
        Gen.Select(Gen.Bool, Gen.Int[0, 1000]).Array[0, 100].Sample(steps =>
        {
            var heap = new ExpiryHeap();
            var inside = new List<Entry>();
            foreach (var (isRemoval, number) in steps)
            {
                if (isRemoval && inside.Count > 0)
                {
                    var gone = inside[number % inside.Count];
                    inside.Remove(gone);
                    heap.Remove(gone);
                    heap.Remove(gone);
                }
                else
                {
                    var entry = new Entry("k", StoredValue.Of(1L), deadline: number);
                    inside.Add(entry);
                    heap.Add(entry);
                }

                Assert.Equal(inside.Count == 0 ? null : inside.Min(e => e.Deadline), heap.Earliest?.Deadline);
            }

            foreach (var deadline in inside.Select(e => e.Deadline).Order().ToList())
            {
                Assert.Equal(deadline, heap.Earliest!.Deadline);
                heap.Remove(heap.Earliest);
            }

            Assert.Null(heap.Earliest);
        });
}
