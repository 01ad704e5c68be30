using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

public sealed class StoredValueTests
{
    private readonly MemoryDictionary d = new("dogs", new FakeTimeProvider());

    public sealed record Dog(string Name, int Age, List<string> Tricks);

    public enum Size
    {
        Small = 1,
        Large,
    }

    private sealed class Knot
    {
        public Knot? Self { get; set; }
    }

    [Fact]
    public void Objects_AreNoNumbers()
    {
        d.Set("dog", new Dog("Rex", 3, []));
        d.Set("size", Size.Large);
        d.Set("bytes", new byte[] { 1 });
        d.PushLeft("list", new Dog("Rex", 3, []));
        foreach (var key in new[] { "dog", "size", "bytes" })
        {
            IsNo<int>(key);
            IsNo<long>(key);
            IsNo<double>(key);
            IsNo<decimal>(key);
            IsNo<bool>(key);
            IsNo<char>(key);
            IsNo<DateTime>(key);
            IsNo<TimeSpan>(key);
            IsNo<Guid>(key);
            IsNo<int?>(key);
            IsNo<DayOfWeek>(key);
        }

        Assert.ThrowsAny<Exception>(() => d.PopLeft<int>("list"));
        Assert.Equal(1, d.Length("list"));

        void IsNo<T>(string key)
        {
            Assert.False(d.TryGet<T>(key, out _));
            Assert.ThrowsAny<Exception>(() => d.Get<T>(key));
        }
    }

    [Fact]
    public void FrameworkTypes_ComeBackAsTheyWere()
    {
        Same("text");
        Same(true);
        Same('c');
        Same((sbyte)-3);
        Same(byte.MaxValue);
        Same(short.MinValue);
        Same(ushort.MaxValue);
        Same(int.MinValue);
        Same(uint.MaxValue);
        Same(long.MinValue);
        Same(ulong.MaxValue);
        Same(7UL);
        Same(0.1f);
        Same(0.1);
        Same(double.NaN);
        Same(79228162514264337593543950335m);
        Same(new DateTime(2024, 2, 29, 1, 2, 3, DateTimeKind.Utc));
        Same(new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.FromHours(2)));
        Same(new DateOnly(2024, 2, 29));
        Same(new TimeOnly(1, 2, 3));
        Same(TimeSpan.FromTicks(12345));
        Same(Guid.Parse("5b2ff4c4-8e4d-4b0e-9d0a-0a3f0c1d2e3f"));
        Same<int?>(5);
        Same<DateTime?>(DateTime.UnixEpoch);
        Same(Size.Large);
        Same(HttpStatusCode.Gone);
        Same((1, "two"));
        Same(new Uri("http://example.com/x"));

        void Same<T>(T value)
        {
            d.Set("k", value);
            Assert.Equal(value, d.Get<T>("k"));
            Assert.True(d.TryGet<T>("k", out var again));
            Assert.Equal(value, again);
        }
    }

    [Fact]
    public void Integers_ConvertWhereNothingIsLost()
    {
        d.Set("k", 300);
        Assert.Equal((300L, 300UL, (short)300, 300.0, 300m), (d.Get<long>("k"), d.Get<ulong>("k"), d.Get<short>("k"), d.Get<double>("k"), d.Get<decimal>("k")));
        Assert.Equal(300, d.Get<int?>("k"));
        Assert.Equal(300L, d.Get<object>("k"));
        Assert.False(d.TryGet<byte>("k", out _));
        Assert.Throws<InvalidCastException>(() => d.Get<string>("k"));
        Assert.Throws<InvalidCastException>(() => d.Get<bool>("k"));
        Assert.Throws<InvalidCastException>(() => d.Get<HttpStatusCode>("k"));
        d.Set("k", -1);
        Assert.False(d.TryGet<ulong>("k", out _));
        d.Set("k", 5_000_000_000);
        Assert.False(d.TryGet<int>("k", out var none));
        Assert.Equal(0, none);
        d.Set("k", long.MaxValue);
        Assert.False(d.TryGet<double>("k", out _));
    }

    [Fact]
    public void Doubles_AreNoIntegers()
    {
        d.Set("k", 1.0);
        Assert.False(d.TryGet<int>("k", out _));
        Assert.Equal(1f, d.Get<float>("k"));
        d.Set("k", 0.1);
        Assert.False(d.TryGet<float>("k", out _));
        Assert.Equal(0.1, d.Get<double?>("k"));
    }

    [Fact]
    public void Bytes_AreCopiedInAndOut()
    {
        var bytes = new byte[] { 1, 2, 3 };
        d.Set("k", bytes);
        bytes[0] = 9;
        d.Get<byte[]>("k")[1] = 9;
        Assert.Equal([1, 2, 3], d.Get<byte[]>("k"));
        Assert.Equal(new byte[] { 1, 2, 3 }, d.Get<object>("k"));
        Assert.False(d.TryGet<string>("k", out _));
    }

    [Fact]
    public void Record_IsACopyEachTime()
    {
        var rex = new Dog("Rex", 3, ["sit"]);
        d.Set("k", rex);
        rex.Tricks.Add("roll");
        var read = d.Get<Dog>("k");
        Assert.Equal(("Rex", 3), (read.Name, read.Age));
        Assert.Equal(["sit"], read.Tricks);
        Assert.NotSame(read, d.Get<Dog>("k"));
    }

    [Fact]
    public void Json_IsReadAsElementOrNodeAndNotAsAnotherType()
    {
        d.Set("k", new Dog("Rex", 3, []));
        Assert.Equal("Rex", d.Get<JsonElement>("k").GetProperty("Name").GetString());
        Assert.Equal(3, (int?)d.Get<JsonNode>("k")["Age"]);
        Assert.IsType<JsonElement>(d.Get<object>("k"));
        var error = Assert.Throws<InvalidCastException>(() => d.Get<Knot>("k"));
        Assert.Contains(typeof(Dog).ToString(), error.Message, StringComparison.Ordinal);
        d.Set("k", new { a = 1 });
        Assert.Equal(1, d.Get<JsonElement>("k").GetProperty("a").GetInt32());
        d.Set("k", new JsonObject { ["a"] = 1 });
        Assert.Equal(1, (int?)d.Get<JsonObject>("k")["a"]);
        d.Set<object>("k", new Dog("Rex", 3, []));
        Assert.Equal("Rex", d.Get<Dog>("k").Name);
    }

    [Fact]
    public void Set_ValueThatIsNoJson_ThrowsAndStoresNothing()
    {
        var knot = new Knot();
        knot.Self = knot;
        var error = Assert.Throws<NotSupportedException>(() => d.Set("k", knot));
        Assert.Contains("Knot", error.Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => d.PushLeft("k", (Action)(() => { })));
        Assert.Equal(0, d.Count);
    }
}
