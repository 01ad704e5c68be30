namespace ScriptProxy;

/// <summary>
/// A dictionary that several gateways share over Redis, and that outlives all of them: <c>Shared("counters", cluster: true)</c>. It means what
/// <see cref="SharedDictionary"/> means, but for the way to Redis: every call is a round trip and is awaited.
/// </summary>
/// <remarks>
/// <para>Every operation is atomic over all gateways. What can be stored, and read back as what, is as in <see cref="SharedDictionary"/>; keys hold 1 to
/// 65,535 bytes of UTF-8. Memory is Redis' to bound (<c>maxmemory</c> and its policy): there is no capacity here, and what has expired is gone.</para>
/// <para>Where Redis cannot be reached, or does not answer in time, a call fails with a <see cref="TimeoutException"/> or an exception of the Redis client: a handler
/// decides whether its request can do without. Nothing is tried again by itself, so an increment never counts twice.</para>
/// </remarks>
// A class and not an interface: only the gateway derives, so members can be added without breaking a plugin.
public abstract class ClusterDictionary
{
    private protected ClusterDictionary()
    {
    }

    /// <summary>The name given to <c>Shared(name, cluster: true)</c>; gateways that say the same name share.</summary>
    public abstract string Name { get; }

    /// <summary>The value of a key (<c>get</c>). <see cref="TryGetAsync{T}"/> is the form for keys that may be absent.</summary>
    /// <exception cref="KeyNotFoundException">The key is absent or has expired.</exception>
    /// <exception cref="InvalidCastException">The value is of another type, or a list; the message names both types.</exception>
    public abstract Task<T> GetAsync<T>(string key);

    /// <summary>The value of a key (<c>get</c>); not found where it is absent, has expired, is a list or is of another type.</summary>
    public abstract Task<(bool Found, T? Value)> TryGetAsync<T>(string key);

    /// <summary>Stores a value, whatever was there before (<c>set</c>); its time to live starts anew.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; null is an <see cref="ArgumentNullException"/>.</param>
    /// <param name="ttl">How long it is kept, in steps of a millisecond; null: no limit.</param>
    /// <exception cref="NotSupportedException">The value cannot be written as JSON, for instance because it refers to itself.</exception>
    public abstract Task SetAsync<T>(string key, T value, TimeSpan? ttl = null);

    /// <summary>Stores a value only where the key is absent or has expired (<c>add</c>); true when it was stored: the first of all gateways gets it.</summary>
    public abstract Task<bool> AddAsync<T>(string key, T value, TimeSpan? ttl = null);

    /// <summary>Stores a value only where the key is present (<c>replace</c>); true when it was stored. Its time to live starts anew.</summary>
    public abstract Task<bool> ReplaceAsync<T>(string key, T value, TimeSpan? ttl = null);

    /// <summary>
    /// The value of a key, or what <paramref name="make"/> returns, stored. Callers at the same time may each run <paramref name="make"/>; all get the
    /// value that was stored first.
    /// </summary>
    /// <exception cref="InvalidCastException">The key holds a value of another type.</exception>
    public abstract Task<T> GetOrAddAsync<T>(string key, TimeSpan? ttl, Func<Task<T>> make);

    /// <summary>Removes a key (<c>delete</c>); true when it was there.</summary>
    public abstract Task<bool> RemoveAsync(string key);

    /// <summary>
    /// Adds to an integer, atomically over all gateways, and returns the new value (<c>incr</c>). An absent key starts as <paramref name="initial"/> and is then added to.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="by">What to add; may be negative. Default 1.</param>
    /// <param name="initial">Where an absent key starts. Default 0.</param>
    /// <param name="ttl">The time to live given to a key that this call makes; one that exists keeps its own (<c>init_ttl</c>).</param>
    /// <exception cref="InvalidCastException">The value is not an integer.</exception>
    /// <exception cref="OverflowException">The sum does not fit into a <c>long</c>; the value stays.</exception>
#pragma warning disable RS0026 // The two differ by the kind of number, so no call is ambiguous.
    public abstract Task<long> IncrementAsync(string key, long by = 1, long initial = 0, TimeSpan? ttl = null);

    /// <summary>The same for a <c>double</c> or <c>float</c> (<c>incr</c>).</summary>
    /// <exception cref="InvalidCastException">The value is not a <c>double</c>; an integer stays one: start the key with <c>0.0</c>.</exception>
    public abstract Task<double> IncrementAsync(string key, double by, double initial = 0, TimeSpan? ttl = null);
#pragma warning restore RS0026

    /// <summary>
    /// How long a key still lives (<c>ttl</c>): null where it is absent or has expired, <see cref="TimeSpan.MaxValue"/> where it has no limit.
    /// </summary>
    public abstract Task<TimeSpan?> TtlAsync(string key);

    /// <summary>Gives a key a new time to live from now on, null: no limit (<c>expire</c>); false where it is absent or has expired already.</summary>
    public abstract Task<bool> ExpireAsync(string key, TimeSpan? ttl);

    /// <summary>Up to <paramref name="max"/> keys, in no order (<c>get_keys</c>). Redis looks through all its keys for them: for people, not for requests.</summary>
    /// <param name="max">At most this many; default 1024, 0 for all.</param>
    public abstract Task<IReadOnlyList<string>> KeysAsync(int max = 1024);

    /// <summary>Removes everything that is there (<c>flush_all</c>), key by key: what is stored meanwhile may stay. As costly as <see cref="KeysAsync"/>.</summary>
    public abstract Task ClearAsync();

    /// <summary>Puts a value before the first of a list and returns the list's new length (<c>lpush</c>). An absent key becomes a list without a time limit.</summary>
    /// <exception cref="InvalidCastException">The key holds a value that is not a list.</exception>
    public abstract Task<long> PushLeftAsync<T>(string key, T value);

    /// <summary>Puts a value after the last of a list and returns the list's new length (<c>rpush</c>). An absent key becomes a list without a time limit.</summary>
    /// <exception cref="InvalidCastException">The key holds a value that is not a list.</exception>
    public abstract Task<long> PushRightAsync<T>(string key, T value);

    /// <summary>Takes the first value of a list (<c>lpop</c>): one of all gateways gets it. Of an empty or absent list it is <c>default</c>.</summary>
    /// <exception cref="InvalidCastException">The key holds no list (it stays), or its first value is of another type (it is gone).</exception>
    public abstract Task<T?> PopLeftAsync<T>(string key);

    /// <summary>Takes the last value of a list (<c>rpop</c>); otherwise as <see cref="PopLeftAsync{T}"/>.</summary>
    /// <exception cref="InvalidCastException">The key holds no list (it stays), or its last value is of another type (it is gone).</exception>
    public abstract Task<T?> PopRightAsync<T>(string key);

    /// <summary>The number of values in a list (<c>llen</c>), 0 where the key is absent.</summary>
    /// <exception cref="InvalidCastException">The key holds a value that is not a list.</exception>
    public abstract Task<long> LengthAsync(string key);
}
