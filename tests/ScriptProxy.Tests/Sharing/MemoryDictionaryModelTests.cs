using CsCheck;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;

namespace ScriptProxy.Tests.Sharing;

/// <summary>Random operations on the dictionary and on a plain model that knows no lists of ages, heaps or locks, with time going on between them.</summary>
public sealed class MemoryDictionaryModelTests
{
    private static readonly Gen<(int Op, int Key, int Number, int Milliseconds)> Step =
        Gen.Select(Gen.Int[0, 13], Gen.Int[0, 5], Gen.Int[-3, 3], Gen.Int[1, 40]);

    [Fact]
    public void RandomOperations_AnswerAsAPlainModelDoes() =>
        Step.Array[0, 120].Sample(steps =>
        {
            var time = new FakeTimeProvider();
            var dictionary = new MemoryDictionary("dogs", time);
            var model = new Model();
            foreach (var (op, key, number, ms) in steps)
            {
                var k = $"k{key}";
                TimeSpan? ttl = number == 0 ? null : TimeSpan.FromMilliseconds(ms);
                Assert.Equal(model.Do(op, k, number, ttl), Do(dictionary, time, op, k, number, ttl));
                Assert.Equal(model.Live.Count(), dictionary.Count);
                Assert.Equal(model.Live.Order(StringComparer.Ordinal), dictionary.Keys(0).Order(StringComparer.Ordinal));
                Assert.Equal(model.Ttl(k), dictionary.Ttl(k));
            }
        });

    private static object? Do(MemoryDictionary d, FakeTimeProvider time, int op, string key, int number, TimeSpan? ttl)
    {
        try
        {
            switch (op)
            {
                case 0: d.Set(key, number, ttl); return null;
                case 1: d.Set(key, $"text {number}", ttl); return null;
                case 2: return d.Add(key, number, ttl);
                case 3: return d.Replace(key, number, ttl);
                case 4: return d.Remove(key);
                case 5: return d.Increment(key, number, initial: 10, ttl);
                case 6: return d.Expire(key, ttl);
                case 7: time.Advance(TimeSpan.FromMilliseconds(Math.Abs(number) * 7)); return null;
                case 8: return d.PushLeft(key, number);
                case 9: return d.PushRight(key, number);
                case 10: return d.PopLeft<int?>(key);
                case 11: return d.PopRight<int?>(key);
                case 12: return d.Length(key);
                default: return d.TryGet<object>(key, out var value) ? value : null;
            }
        }
        catch (InvalidCastException)
        {
            return "other type";
        }
    }

    private sealed class Model
    {
        private readonly Dictionary<string, (object Value, TimeSpan End)> _values = [];
        private TimeSpan _now;

        internal IEnumerable<string> Live => _values.Where(v => v.Value.End > _now).Select(v => v.Key);

        internal TimeSpan? Ttl(string key) =>
            !Live.Contains(key) ? null : _values[key].End == TimeSpan.MaxValue ? TimeSpan.MaxValue : _values[key].End - _now;

        internal object? Do(int op, string key, int number, TimeSpan? ttl)
        {
            var live = Live.Contains(key) ? _values[key].Value : null;
            var end = ttl is { } span ? _now + span : TimeSpan.MaxValue;
            switch (op)
            {
                case 0: return Put((long)number, null);
                case 1: return Put($"text {number}", null);
                case 2: return live is null ? Put((long)number, true) : false;
                case 3: return live is not null ? Put((long)number, true) : false;
                case 4: _values.Remove(key); return live is not null;
                case 5 when live is long n: _values[key] = (n + number, _values[key].End); return n + number;
                case 5: return live is null ? Put(10L + number, 10L + number) : "other type";
                case 6 when live is not null: return Put(live, true);
                case 6: return false;
                case 7: _now += TimeSpan.FromMilliseconds(Math.Abs(number) * 7); return null;
                case 13: return live is List<int> ? null : live;
            }

            if (live is not (null or List<int>))
            {
                return "other type";
            }

            var list = (List<int>?)live ?? [];
            switch (op)
            {
                case 8: list.Insert(0, number); break;
                case 9: list.Add(number); break;
                case 12: return list.Count;
                default: return list.Count == 0 ? null : Take(op == 10 ? 0 : list.Count - 1);
            }

            _values[key] = (list, live is null ? TimeSpan.MaxValue : _values[key].End);
            return list.Count;

            object? Put(object value, object? answer)
            {
                _values[key] = (value, end);
                return answer;
            }

            int Take(int index)
            {
                var taken = list[index];
                list.RemoveAt(index);
                if (list.Count == 0)
                {
                    _values.Remove(key);
                }

                return taken;
            }
        }
    }
}
