using System.Buffers;
using System.Text;

namespace NpcMind.Text;

/// <summary>
/// Turns the bytes of tokens into text as they arrive: a character appears when its last byte has, never half of it. Each maximal
/// ill-formed part becomes one U+FFFD (Unicode 15, section 3.9, U+FFFD substitution of maximal subparts). One decoder per stream, one
/// thread at a time; after warm-up it allocates nothing.
/// </summary>
internal sealed class Utf8TokenDecoder
{
    private const int MaxPending = 3;
    private readonly byte[] _pending = new byte[MaxPending + 1];
    private int _pendingCount;
    private char[] _chars = new char[64];

    /// <summary>True while bytes of an unfinished character are held back.</summary>
    public bool HasPending => _pendingCount > 0;

    /// <summary>Takes the bytes of one or more tokens. Returns the characters that became complete, valid until the next call.</summary>
    public ReadOnlySpan<char> Append(ReadOnlySpan<byte> bytes)
    {
        int needed = bytes.Length + MaxPending; // at most one UTF-16 unit per byte
        if (_chars.Length < needed) _chars = new char[Math.Max(needed, _chars.Length * 2)];
        int written = 0;
        while (_pendingCount > 0 && !bytes.IsEmpty)
        {
            _pending[_pendingCount++] = bytes[0];
            OperationStatus status = Rune.DecodeFromUtf8(_pending.AsSpan(0, _pendingCount), out Rune rune, out int consumed);
            if (status == OperationStatus.NeedMoreData)
            {
                bytes = bytes[1..];
                continue;
            }

            written += rune.EncodeToUtf16(_chars.AsSpan(written));
            if (consumed == _pendingCount) bytes = bytes[1..]; // else the new byte ends an ill-formed part and starts afresh
            _pendingCount = 0;
        }

        while (!bytes.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int consumed);
            if (status == OperationStatus.NeedMoreData)
            {
                bytes.CopyTo(_pending);
                _pendingCount = bytes.Length;
                break;
            }

            written += rune.EncodeToUtf16(_chars.AsSpan(written));
            bytes = bytes[consumed..];
        }

        return _chars.AsSpan(0, written);
    }

    /// <summary>
    /// Ends the stream: an unfinished character becomes one U+FFFD. Returns it, or nothing; the decoder can be used again.
    /// </summary>
    public ReadOnlySpan<char> Flush()
    {
        if (_pendingCount == 0) return [];
        _pendingCount = 0;
        _chars[0] = (char)Rune.ReplacementChar.Value;
        return _chars.AsSpan(0, 1);
    }

    /// <summary>Forgets held-back bytes.</summary>
    public void Reset() => _pendingCount = 0;
}
