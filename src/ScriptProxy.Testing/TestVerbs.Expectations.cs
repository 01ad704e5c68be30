using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ScriptProxy.Testing;

/// <content>What tests expect.</content>
public static partial class TestVerbs
{
    /// <summary>Both are equal; of lists, each element.</summary>
    /// <param name="expected">What it should be.</param>
    /// <param name="actual">What it is.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">They are not.</exception>
    public static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (!Same(expected, actual))
        {
            throw Failed(what, Show(expected), Show(actual));
        }
    }

    /// <summary>They differ.</summary>
    /// <param name="unexpected">What it should not be.</param>
    /// <param name="actual">What it is.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">They are equal.</exception>
    public static void NotEqual<T>(T unexpected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (Same(unexpected, actual))
        {
            throw Failed(what, $"anything but {Show(unexpected)}", Show(actual));
        }
    }

    /// <summary>It holds.</summary>
    /// <param name="holds">What should be true.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">It does not.</exception>
    public static void True(bool holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        if (!holds)
        {
            throw Failed(what, "true", "false");
        }
    }

    /// <summary>It does not hold.</summary>
    /// <param name="holds">What should be false.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">It does.</exception>
    public static void False(bool holds, [CallerArgumentExpression(nameof(holds))] string what = "")
    {
        if (holds)
        {
            throw Failed(what, "false", "true");
        }
    }

    /// <summary>There is nothing.</summary>
    /// <param name="actual">What should be null.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">There is something.</exception>
    public static void Null(object? actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (actual is not null)
        {
            throw Failed(what, "null", Show(actual));
        }
    }

    /// <summary>The text has that part.</summary>
    /// <param name="part">As it is written, upper and lower case told apart.</param>
    /// <param name="actual">The text.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">It has not.</exception>
    public static void Contains(string part, string? actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (actual?.Contains(part, StringComparison.Ordinal) != true)
        {
            throw Failed(what, $"with {Show(part)}", Show(actual));
        }
    }

    /// <summary>The text does not have that part.</summary>
    /// <param name="part">As it is written, upper and lower case told apart.</param>
    /// <param name="actual">The text.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">It has.</exception>
    public static void DoesNotContain(string part, string? actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (actual?.Contains(part, StringComparison.Ordinal) == true)
        {
            throw Failed(what, $"without {Show(part)}", Show(actual));
        }
    }

    /// <summary>The text fits a regular expression.</summary>
    /// <param name="pattern">May fit anywhere in the text.</param>
    /// <param name="actual">The text.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <exception cref="TestFailedException">It does not.</exception>
    public static void Matches(string pattern, string? actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (actual is null || !Regex.IsMatch(actual, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
        {
            throw Failed(what, $"what fits {pattern}", Show(actual));
        }
    }

    /// <summary>It throws that exception, or one derived from it.</summary>
    /// <param name="body">What should throw.</param>
    /// <param name="what">Filled in by the compiler.</param>
    /// <returns>What it threw.</returns>
    /// <exception cref="TestFailedException">It threw nothing, or something else.</exception>
    public static async Task<T> Throws<T>(Func<Task> body, [CallerArgumentExpression(nameof(body))] string what = "")
        where T : Exception
    {
        ArgumentNullException.ThrowIfNull(body);
        try
        {
            await body();
        }
        catch (T expected)
        {
            return expected;
        }
        catch (Exception other)
        {
            throw Failed(what, typeof(T).Name, $"{other.GetType().Name}: {other.Message}");
        }

        throw Failed(what, typeof(T).Name, "no exception");
    }

    /// <summary>The test fails.</summary>
    /// <param name="why">Printed with it.</param>
    /// <exception cref="TestFailedException">Always.</exception>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public static void Fail(string why) => throw new TestFailedException(why);

    private static bool Same(object? a, object? b) => (a, b) switch
    {
        (string, _) or (_, string) => Equals(a, b),
        (IEnumerable first, IEnumerable second) => first.Cast<object?>().SequenceEqual(second.Cast<object?>()),
        _ => Equals(a, b),
    };

    private static string Show(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal)}\"",
        IEnumerable list and not PhaseTrace => $"[{string.Join(", ", list.Cast<object?>().Select(Show))}]",
        _ => value.ToString() ?? "",
    };

    private static TestFailedException Failed(string what, string expected, string actual) => new($"{what}\nexpected: {expected}\nactual:   {actual}");
}
