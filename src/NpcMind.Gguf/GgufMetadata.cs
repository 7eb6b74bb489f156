using System.Globalization;
using System.Text;

namespace NpcMind.Gguf;

/// <summary>
/// The key-value part of a GGUF file. Accessors widen: the same fact occurs as u32, i32, u64 or even as a per-layer array in files
/// in the wild. A missing key gives null; a key of the wrong kind throws <see cref="GgufFormatException"/>. Immutable; safe from any
/// thread.
/// </summary>
internal sealed class GgufMetadata
{
    private readonly Dictionary<string, GgufValue> _values;
    private readonly List<string> _keys;
    private readonly string _path;

    internal GgufMetadata(string path, Dictionary<string, GgufValue> values, List<string> keys)
    {
        _path = path;
        _values = values;
        _keys = keys;
    }

    /// <summary>File that they stand in.</summary>
    public string Path => _path;

    /// <summary>Keys in file order.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>The value of <paramref name="key"/>, or null.</summary>
    public GgufValue? Find(string key) => _values.GetValueOrDefault(key);

    /// <summary>The integer at <paramref name="key"/>, or null when the key is absent.</summary>
    /// <exception cref="GgufFormatException">The value is not one integer in the range of <see cref="long"/>.</exception>
    public long? Integer(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type == GgufValueType.Array || !value.IsInteger
            || (value.Type == GgufValueType.UInt64 && value.Number() >= long.MaxValue))
            throw Wrong(key, value, "an integer");
        return value.Integer();
    }

    /// <summary>The number at <paramref name="key"/>, or null when the key is absent.</summary>
    /// <exception cref="GgufFormatException">The value is not one finite number.</exception>
    public double? Number(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type == GgufValueType.Array || !value.IsNumber || !double.IsFinite(value.Number()))
            throw Wrong(key, value, "a finite number");
        return value.Number();
    }

    /// <summary>The truth value at <paramref name="key"/>, or null when the key is absent.</summary>
    /// <exception cref="GgufFormatException">The value is neither bool nor integer.</exception>
    public bool? Boolean(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type == GgufValueType.Array || !value.IsInteger) throw Wrong(key, value, "a bool");
        return value.Number() != 0;
    }

    /// <summary>The string at <paramref name="key"/>, or null when the key is absent.</summary>
    /// <exception cref="GgufFormatException">The value is not a string.</exception>
    public string? String(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type != GgufValueType.String) throw Wrong(key, value, "a string");
        return value.Text();
    }

    /// <summary>
    /// The array of strings at <paramref name="key"/>, or null when the key is absent; read it by <see cref="GgufValue.Utf8"/>.
    /// </summary>
    /// <exception cref="GgufFormatException">The value is not an array of strings.</exception>
    public GgufValue? Strings(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type != GgufValueType.Array || !value.IsString) throw Wrong(key, value, "an array of strings");
        return value;
    }

    /// <summary>
    /// The array of numbers at <paramref name="key"/>, or null when the key is absent; read it by <see cref="GgufValue.Number"/>.
    /// </summary>
    /// <exception cref="GgufFormatException">The value is not an array of numbers.</exception>
    public GgufValue? Numbers(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.Type != GgufValueType.Array || !value.IsNumber) throw Wrong(key, value, "an array of numbers");
        return value;
    }

    /// <summary>The error for a value at <paramref name="key"/> that is not what its reader needs.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">What its reader needs.</param>
    /// <param name="summary">What is wrong and what to do, as sentences.</param>
    /// <param name="fault">What that is.</param>
    public GgufFormatException Wrong(string key, string expected, string summary = GgufFormatException.OtherConversion,
        GgufFault fault = GgufFault.Damaged) => Find(key) is { } value
            ? Wrong(key, value, expected, summary, fault)
            : new GgufFormatException(_path, 0, string.Create(CultureInfo.InvariantCulture, $"the key '{key}' with {expected}"),
                "no such key", summary)
            {
                Fault = fault,
            };

    private GgufFormatException Wrong(string key, GgufValue value, string expected, string summary = GgufFormatException.OtherConversion,
        GgufFault fault = GgufFault.Damaged)
    {
        string found = value.Type == GgufValueType.String && value.Utf8().Length > 320
            ? Encoding.UTF8.GetString(value.Utf8()[..320]) : value.ToString();
        if (found.Length > 80) found = found[..80] + "...";
        return new(_path, value.Offset, $"{expected} at key '{key}'", value.Type == GgufValueType.Array
            ? found
            : $"{value.Type} {found}", summary)
        {
            Fault = fault,
        };
    }
}
