using System.Buffers;
using MessagePack;
using NpcMind.Vision;

namespace NpcMind;

/// <summary>
/// Reads the body that <see cref="SavedMindWriter"/> wrote. Its checksum was right, but a save may be crafted: every count is held against
/// the bytes that follow.
/// </summary>
internal ref struct SavedMindReader(ReadOnlyMemory<byte> body, string place, long offset)
{
    private readonly long _length = body.Length;
    private MessagePackReader _reader = new(body);
    private string _field = "body";

    public static SavedMind Read(ReadOnlyMemory<byte> body, string place, long offset)
    {
        SavedMindReader reader = new(body, place, offset);
        try
        {
            SavedMind mind = reader.Mind();
            if (reader._reader.Consumed != reader._length)
                throw reader.Error("the end of the body", $"{reader._length - reader._reader.Consumed} more bytes");
            if (mind.Violation() is (string field, string expected, string found))
                throw new SaveFormatException(place, offset, $"{field}: {expected}", found);
            return mind;
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException
            or ArgumentOutOfRangeException)
        {
            // MessagePack's way to say: another type, an array longer than what follows, a number too large, a binary longer than what
            // follows.
            throw reader.Error($"a sound {reader._field}", e.InnerException?.Message ?? e.Message, e);
        }
    }

    private SavedMind Mind()
    {
        int more = Fields("mind", 12);
        SavedMind mind = new()
        {
            Name = Text("name"),
            ModelFingerprint = Bytes("model fingerprint"),
            CacheFingerprint = Text("cache fingerprint"),
            PrefixFingerprint = Bytes("prefix fingerprint"),
            PrefixTokens = Int("prefix tokens"),
            Persona = Text("persona"),
            Turns = Turns(),
            Tokens = Tokens("token log"),
            DroppedTokens = Long("dropped tokens"),
            Sampler = Sampler(),
            Reply = Reply(),
            Kv = Kv(),
        };
        if (more >= 2) // since 1.1
        {
            mind = mind with { Pictures = Pictures(), Slots = Slots() };
            more -= 2;
        }

        if (more-- > 0) mind = mind with { Date = Date() }; // since 1.2

        Skip(Math.Max(0, more));
        return mind;
    }

    private List<SavedPicture> Pictures()
    {
        int count = Array("pictures");
        List<SavedPicture> pictures = [];
        for (int i = 0; i < count; i++)
        {
            int more = Fields("picture", 3), pieces = Array("picture's pieces");
            List<ImagePiece> layout = [];
            for (int p = 0; p < pieces; p++)
            {
                int further = Fields("picture's piece", 4);
                ImagePiece piece = new(Text("piece's text"), Int("piece's tile"), Int("piece's first row"), Int("piece's rows"));
                if (further-- > 0) piece = piece with { Columns = Int("piece's columns") }; // since 1.3
                layout.Add(piece);
                Skip(further);
            }

            pictures.Add(new SavedPicture(layout, Int("picture's width"), Bytes("picture's features")));
            Skip(more);
        }

        return pictures;
    }

    private List<SavedSlots> Slots()
    {
        int count = Array("picture rows");
        List<SavedSlots> slots = [];
        for (int i = 0; i < count; i++)
        {
            int more = Fields("picture rows", 4);
            slots.Add(new SavedSlots(Int("first token of picture rows"), Int("picture of rows"), Int("first of picture rows"),
                Int("count of picture rows")));
            Skip(more);
        }

        return slots;
    }

    private List<SavedTurn> Turns()
    {
        int count = Array("turns");
        List<SavedTurn> turns = [];
        for (int i = 0; i < count; i++)
        {
            int more = Fields("turn", 5);
            SavedTurn turn = new(Byte("turn's role"), Text("turn's speaker"), Text("turn's text"), Int("turn's first token"),
                Int("turn's tokens"));
            if (more-- > 0) turn = turn with { Pictures = Tokens("turn's pictures") }; // since 1.1
            if (more-- > 0) turn = turn with { OverheardCharacters = Int("turn's overheard characters") }; // since 1.2
            turns.Add(turn);
            Skip(Math.Max(0, more));
        }

        return turns;
    }

    private SavedSampler Sampler()
    {
        int more = Fields("sampler", 9);
        SavedSampler sampler = new(
            Float("temperature"), Int("top k"), Float("top p"), Float("min p"), Float("repetition penalty"), Float("frequency penalty"),
            Float("presence penalty"),
            Int("penalty tokens"), UInt64("seed"));
        Skip(more);
        return sampler;
    }

    private SavedReply? Reply()
    {
        if (_reader.TryReadNil()) return null;
        int more = Fields("reply", 12);
        SavedReply reply = new()
        {
            Phase = Byte("reply's phase"),
            Text = Text("reply's text"),
            GeneratedTokens = Int("generated tokens"),
            MaximumTokens = Int("maximum tokens"),
            ReadCharacters = Int("read characters"),
            HeardCharacters = Int("heard characters"),
            UndecodedBytes = Bytes("undecoded bytes"),
            StopStrings = StopStrings(),
            Action = OptionalText("action"),
            Grammar = OptionalText("grammar"),
            ConstraintBytes = Bytes("constraint bytes"),
            PendingTokens = Tokens("pending tokens"),
        };
        if (more >= 3) // since 1.2
        {
            reply = reply with
            {
                MaximumThoughtTokens = Int("maximum thought tokens"),
                ShowsThoughts = Bool("thoughts that are shown"),
                EndsAtSentence = Bool("end at a sentence")
            };
            more -= 3;
        }

        Skip(more);
        return reply;
    }

    private List<string> StopStrings()
    {
        int count = Array("stop strings");
        List<string> stops = [];
        for (int i = 0; i < count; i++) stops.Add(Text("stop string"));
        return stops;
    }

    private SavedKv? Kv()
    {
        if (_reader.TryReadNil()) return null;
        int more = Fields("KV blocks", 4);
        SavedKv kv = new(Int("KV's first token"), Int("KV's tokens"), Int("KV's blocks"), Int("KV's bytes per block"));
        Skip(more);
        return kv;
    }

    private int[] Tokens(string field)
    {
        int[] tokens = new int[Array(field)];
        for (int i = 0; i < tokens.Length; i++) tokens[i] = _reader.ReadInt32();
        return tokens;
    }

    /// <summary>Opens a record and returns how many fields it has that this version does not know.</summary>
    private int Fields(string field, int known)
    {
        int count = Array(field);
        return count >= known ? count - known : throw Error($"a {field} of at least {known} fields", $"{count}");
    }

    /// <summary>
    /// Every element takes a byte or more, so a count is at most what follows; <c>ReadArrayHeader</c> holds it against that.
    /// </summary>
    private int Array(string field)
    {
        _field = field;
        return _reader.ReadArrayHeader();
    }

    private int Int(string field)
    {
        _field = field;
        return _reader.ReadInt32();
    }

    private long Long(string field)
    {
        _field = field;
        return _reader.ReadInt64();
    }

    private ulong UInt64(string field)
    {
        _field = field;
        return _reader.ReadUInt64();
    }

    private DateTime? Date()
    {
        long ticks = Long("date");
        if (ticks > DateTime.MaxValue.Ticks) throw Error("a date", $"{ticks} ticks");
        return ticks < 0 ? null : new DateTime(ticks);
    }

    private bool Bool(string field)
    {
        _field = field;
        return _reader.ReadBoolean();
    }

    private byte Byte(string field)
    {
        _field = field;
        return _reader.ReadByte();
    }

    private float Float(string field)
    {
        _field = field;
        return _reader.ReadSingle();
    }

    private string Text(string field) => OptionalText(field) ?? throw Error($"a {field}", "nil");

    private string? OptionalText(string field)
    {
        _field = field;
        return _reader.ReadString();
    }

    private byte[] Bytes(string field)
    {
        _field = field;
        return _reader.ReadBytes()?.ToArray() ?? throw Error($"{field}", "nil");
    }

    /// <summary>Steps over fields of a newer minor version, without recursion: a crafted one may nest as deep as it is long.</summary>
    private void Skip(long values)
    {
        _field = "field of a newer version";
        for (; values > 0; values--)
        {
            switch (_reader.NextMessagePackType)
            {
                case MessagePackType.Array: values += _reader.ReadArrayHeader(); break;
                case MessagePackType.Map: values += 2L * _reader.ReadMapHeader(); break;
                default: _reader.Skip(); break;
            }
        }
    }

    private readonly SaveFormatException Error(string expected, string found, Exception? inner = null) =>
        new(place, offset + _reader.Consumed, expected, found, inner: inner);
}
