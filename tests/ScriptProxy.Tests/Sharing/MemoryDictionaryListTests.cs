using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class MemoryDictionaryListTests
{
    private readonly MemoryDictionary d = new("dogs", new FakeTimeProvider(), 64 * 1024);

    [Fact]
    public void Push_BothEnds_PopsInOrder()
    {
        Assert.Equal(1, d.PushRight("l", "b"));
        Assert.Equal(2, d.PushRight("l", "c"));
        Assert.Equal(3, d.PushLeft("l", "a"));
        Assert.Equal(3, d.Length("l"));
        Assert.Equal(("a", "c", "b"), (d.PopLeft<string>("l"), d.PopRight<string>("l"), d.PopRight<string>("l")));
        Assert.Equal(0, d.Length("l"));
        Assert.Equal((0, 0L), (d.Count, d.BytesUsed));
    }

    [Fact]
    public void Pop_AbsentList_IsDefaultAndNullableTellsItFromZero()
    {
        Assert.Null(d.PopLeft<string>("l"));
        Assert.Equal(0, d.PopRight<int>("l"));
        Assert.Null(d.PopLeft<int?>("l"));
        d.PushLeft("l", 0);
        Assert.Equal(0, d.PopLeft<int?>("l"));
    }

    [Fact]
    public void Pop_OtherType_ThrowsAndKeepsTheValue()
    {
        d.PushLeft("l", "text");
        Assert.Throws<InvalidCastException>(() => d.PopLeft<int>("l"));
        Assert.Equal(1, d.Length("l"));
        Assert.Equal("text", d.PopRight<string>("l"));
    }

    [Fact]
    public void Pop_AnotherTakesTheValueMeanwhile_TakesTheNext()
    {
        d.PushRight("l", new Meddler { Value = 1 });
        d.PushRight("l", new Meddler { Value = 2 });
        Meddler? other = null;
        Meddler.WhenRead = () =>
        {
            // On another thread: the dictionary must not be locked while a script's setter runs.
            var thread = new Thread(() => other = d.PopLeft<Meddler>("l"));
            thread.Start();
            Assert.True(thread.Join(TimeSpan.FromSeconds(30)));
        };
        var mine = d.PopLeft<Meddler>("l");
        Assert.Equal((1, 2, 0), (other?.Value, mine?.Value, d.Length("l")));
    }

    [Fact]
    public void ListAndValue_AreNotMixed()
    {
        d.Set("v", 1);
        d.PushLeft("l", 1);
        Assert.Throws<InvalidCastException>(() => d.PushLeft("v", 1));
        Assert.Throws<InvalidCastException>(() => d.PopRight<int>("v"));
        Assert.Throws<InvalidCastException>(() => d.Length("v"));
        Assert.Contains("a list", Assert.Throws<InvalidCastException>(() => d.Get<object>("l")).Message, StringComparison.Ordinal);
        Assert.False(d.TryGet<int>("l", out _));
        Assert.False(d.Add("l", 1));
        Assert.True(d.Replace("l", 5));
        Assert.Equal(5, d.Get<int>("l"));
    }

    [Fact]
    public void Push_BeyondTheCapacity_IsRefusedAndTheListStays()
    {
        var text = new string('x', 10_000);
        Assert.Equal(1, d.PushRight("l", text));
        d.Set("other", 1);
        Assert.Equal(2, d.PushRight("l", text));
        Assert.Equal(3, d.PushRight("l", text));
        Assert.Throws<ArgumentException>(() => d.PushRight("l", text));
        Assert.Equal(3, d.Length("l"));
        Assert.Equal(2, d.Count);
        Assert.InRange(d.BytesUsed, 60_000, d.Capacity);
    }

    [Fact]
    public void Push_NeedsRoom_EvictsOthersAndNeverItself()
    {
        d.PushRight("l", 1);
        for (var i = 0; i < 20; i++)
        {
            d.Set($"k{i}", new string('x', 1000));
        }

        for (var i = 0; i < 20; i++)
        {
            d.PushRight("l", new string('y', 1000));
            Assert.InRange(d.BytesUsed, 1, d.Capacity);
        }

        Assert.Equal(21, d.Length("l"));
        Assert.Equal(1, d.PopLeft<int>("l"));
        Assert.True(d.Evictions > 5);
    }

    private sealed class Meddler
    {
        [ThreadStatic]
        private static Action? whenRead;

        /// <summary>Runs the next time that this thread reads one.</summary>
        public static Action? WhenRead
        {
            set => whenRead = value;
        }

        public int Value
        {
            get;
            set
            {
                field = value;
                (var run, whenRead) = (whenRead, null);
                run?.Invoke();
            }
        }
    }
}
