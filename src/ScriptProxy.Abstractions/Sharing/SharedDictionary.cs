using System.Diagnostics.CodeAnalysis;

namespace ScriptProxy;

/// <summary>
/// A dictionary that all requests of this process share and that outlives reloads: <c>Shared("counters")</c>
/// (OpenResty: <c>lua_shared_dict</c> and <c>ngx.shared.DICT</c>).
/// </summary>
/// <remarks>
/// <para>Every operation is atomic and safe from any thread. Memory is bounded by <see cref="Capacity"/>: when a new value needs room,
/// expired entries go first, then those that were not used for longest (approximately: one bit per entry notes a use).</para>
/// <para>What is stored is a copy. Strings, <c>byte[]</c>, numbers, <c>bool</c>, <c>char</c>, <c>decimal</c>, <see cref="DateTime"/>,
/// <see cref="DateTimeOffset"/>, <see cref="DateOnly"/>, <see cref="TimeOnly"/>, <see cref="TimeSpan"/> and <see cref="Guid"/> are stored as they are. Every
/// other type is stored as JSON together with its name (the type that the compiler sees; the object's own where that is <c>object</c>), so reading makes
/// a new object each time, and a record of a script can still be read after a reload. Integers convert as long as nothing is lost: what was stored as <c>int</c> can be read as <c>long</c>; also as <c>double</c> or <c>decimal</c>.
/// JSON can also be read as <see cref="System.Text.Json.JsonElement"/> or <see cref="System.Text.Json.Nodes.JsonNode"/>, and everything but a list as <c>object</c>.</para>
/// <para>Keys are compared ordinally and hold 1 to 65,535 bytes of UTF-8; an empty key is an <see cref="ArgumentException"/> everywhere, a
/// longer one where something would be stored.</para>
/// <para>A <c>ttl</c> (time to live) counts from the call; null, the default, keeps the entry until it is removed or evicted; zero and less are an
/// <see cref="ArgumentOutOfRangeException"/> (in OpenResty 0 means for ever). A value that the whole <see cref="Capacity"/>
/// could not hold is an <see cref="ArgumentException"/>, and nothing changes.</para>
/// </remarks>
// A class and not an interface: only the gateway derives, so members can be added without breaking a plugin.
public abstract class SharedDictionary
{
    private protected SharedDictionary()
    {
    }

    /// <summary>The name given to <c>Shared(name)</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The bytes that keys, values and their bookkeeping may take (<c>capacity</c>). Default 10 MiB.</summary>
    public abstract long Capacity { get; }

    /// <summary>
    /// The bytes taken now, never more than <see cref="Capacity"/>; the difference is OpenResty's <c>free_space</c>.
    /// Expired entries count until they are swept, some minutes later or when room is needed.
    /// </summary>
    public abstract long BytesUsed { get; }

    /// <summary>
    /// How many entries that had not expired were dropped to make room since the process started. When it grows, the capacity is too small
    /// (OpenResty tells this by the <c>forcible</c> result of <c>set</c>).
    /// </summary>
    public abstract long Evictions { get; }

    /// <summary>How many keys are there, expired ones not counted.</summary>
    public abstract int Count { get; }

    /// <summary>The value of a key (<c>get</c>). <see cref="TryGet{T}"/> is the form for keys that may be absent.</summary>
    /// <exception cref="KeyNotFoundException">The key is absent or has expired.</exception>
    /// <exception cref="InvalidCastException">The value is of another type, or a list; the message names both types.</exception>
    public abstract T Get<T>(string key);

    /// <summary>The value of a key (<c>get</c>); false where it is absent, has expired, is a list or is of another type.</summary>
    public abstract bool TryGet<T>(string key, [MaybeNullWhen(false)] out T value);

    /// <summary>
    /// Like <see cref="TryGet{T}"/>, but also finds a value that has expired and was not swept yet: something to serve while the origin is down
    /// (<c>get_stale</c>). Without pressure on the memory an expired value can be found for 10 minutes; nothing is promised.
    /// </summary>
    public abstract bool TryGetStale<T>(string key, [MaybeNullWhen(false)] out T value);

    /// <summary>Stores a value, whatever was there before (<c>set</c>); its time to live starts anew.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; null is an <see cref="ArgumentNullException"/> (OpenResty removes the key: say <see cref="Remove"/>).</param>
    /// <param name="ttl">How long it is kept; null: no limit.</param>
    /// <exception cref="NotSupportedException">The value cannot be written as JSON, for instance because it refers to itself.</exception>
    public abstract void Set<T>(string key, T value, TimeSpan? ttl = null);

    /// <summary>Stores a value only where the key is absent or has expired (<c>add</c>); true when it was stored. Errors as <see cref="Set{T}"/>.</summary>
    public abstract bool Add<T>(string key, T value, TimeSpan? ttl = null);

    /// <summary>Stores a value only where the key is present (<c>replace</c>); true when it was stored. Its time to live starts anew. Errors as <see cref="Set{T}"/>.</summary>
    public abstract bool Replace<T>(string key, T value, TimeSpan? ttl = null);

    /// <summary>
    /// The value of a key, or what <paramref name="make"/> returns, stored. Callers at the same time may each run <paramref name="make"/>; all get the
    /// value that was stored first. Where making is expensive or awaits, use <c>Once(key, ttl, f)</c>.
    /// </summary>
    /// <exception cref="InvalidCastException">The key holds a value of another type.</exception>
    public abstract T GetOrAdd<T>(string key, TimeSpan? ttl, Func<T> make);

    /// <summary>Removes a key (<c>delete</c>); true when it was there.</summary>
    public abstract bool Remove(string key);

    /// <summary>
    /// Adds to an integer, atomically over all cores, and returns the new value (<c>incr</c>). An absent key starts as <paramref name="initial"/> and is
    /// then added to, so the first call returns <c>initial + by</c>; unlike <c>incr</c> it never fails for want of an initial value.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="by">What to add; may be negative. Default 1.</param>
    /// <param name="initial">Where an absent key starts. Default 0.</param>
    /// <param name="ttl">The time to live given to a key that this call makes; one that exists keeps its own (<c>init_ttl</c>).</param>
    /// <exception cref="InvalidCastException">The value is not an integer.</exception>
    /// <exception cref="OverflowException">The sum does not fit into a <c>long</c>; the value stays.</exception>
#pragma warning disable RS0026 // The two Increments differ by the kind of number, so no call is ambiguous.
    public abstract long Increment(string key, long by = 1, long initial = 0, TimeSpan? ttl = null);

    /// <summary>The same for a <c>double</c> or <c>float</c> (<c>incr</c>), for instance a sum of milliseconds.</summary>
    /// <exception cref="InvalidCastException">The value is not a <c>double</c>; an integer stays one: start the key with <c>0.0</c>.</exception>
    public abstract double Increment(string key, double by, double initial = 0, TimeSpan? ttl = null);
#pragma warning restore RS0026

    /// <summary>
    /// How long a key still lives (<c>ttl</c>): null where it is absent or has expired, <see cref="TimeSpan.MaxValue"/> where it
    /// has no limit (OpenResty says 0), so that <c>Ttl(key) &lt; Seconds(5)</c> asks the right question.
    /// </summary>
    public abstract TimeSpan? Ttl(string key);

    /// <summary>Gives a key a new time to live from now on, null: no limit (<c>expire</c>); false where it is absent or has expired already.</summary>
    public abstract bool Expire(string key, TimeSpan? ttl);

    /// <summary>
    /// Up to <paramref name="max"/> keys, the newest first (<c>get_keys</c>). Changes wait while the keys are copied: ask for many with care.
    /// </summary>
    /// <param name="max">At most this many; default 1024, 0 for all.</param>
    public abstract IReadOnlyList<string> Keys(int max = 1024);

    /// <summary>Removes everything, at once (<c>flush_all</c>; nothing stays to be read by <see cref="TryGetStale{T}"/>).</summary>
    public abstract void Clear();

    /// <summary>Puts a value before the first of a list and returns the list's new length (<c>lpush</c>). An absent key becomes a list without a time limit.</summary>
    /// <exception cref="InvalidCastException">The key holds a value that is not a list.</exception>
    public abstract int PushLeft<T>(string key, T value);

    /// <summary>Puts a value after the last of a list and returns the list's new length (<c>rpush</c>). An absent key becomes a list without a time limit.</summary>
    /// <exception cref="InvalidCastException">The key holds a value that is not a list.</exception>
    public abstract int PushRight<T>(string key, T value);

    /// <summary>
    /// Takes the first value of a list (<c>lpop</c>). Of an empty or absent list it is <c>default</c>, as <c>lpop</c> answers nil: null
    /// for a string, 0 for an <c>int</c>; <c>PopLeft&lt;int?&gt;</c> tells the two apart. A list that became empty is gone.
    /// </summary>
    /// <exception cref="InvalidCastException">The key holds no list, or its first value is of another type; then it stays.</exception>
    public abstract T? PopLeft<T>(string key);

    /// <summary>Takes the last value of a list (<c>rpop</c>); otherwise as <see cref="PopLeft{T}"/>.</summary>
    /// <exception cref="InvalidCastException">The key holds no list, or its last value is of another type; then it stays.</exception>
    public abstract T? PopRight<T>(string key);

    /// <summary>The number of values in a list (<c>llen</c>), 0 where the key is absent.</summary>
    /// <exception cref="InvalidCastException">The key holds a value that is not a list.</exception>
    public abstract int Length(string key);
}
