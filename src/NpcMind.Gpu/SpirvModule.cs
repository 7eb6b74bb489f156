using System.Runtime.InteropServices;
using System.Text;

namespace NpcMind.Gpu;

/// <summary>How a shader uses a binding.</summary>
[Flags]
internal enum BindingAccess
{
    /// <summary>Declared writeonly and readonly at once, or not used.</summary>
    None = 0,
    /// <summary>May be read.</summary>
    Read = 1,
    /// <summary>May be written.</summary>
    Write = 2,
}

/// <summary>What a binding is.</summary>
internal enum BindingKind
{
    /// <summary>Storage buffer.</summary>
    Storage,
    /// <summary>Uniform texel buffer.</summary>
    Texels,
    /// <summary>A two-dimensional image that is fetched without a sampler.</summary>
    Image,
}

/// <summary>A binding of a shader.</summary>
/// <param name="Index">Binding number in set 0.</param>
/// <param name="Name">Name of the block, texel buffer or image.</param>
/// <param name="Access">From the readonly and writeonly qualifiers; texel buffers and images are read.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct ShaderBinding(uint Index, string Name, BindingAccess Access, BindingKind Kind);

/// <summary>A 4-byte member of the push-constant block, or a specialization constant.</summary>
/// <param name="Name">Name in the shader.</param>
/// <param name="Location">Byte offset (push constant) or constant id (specialization).</param>
internal readonly record struct ShaderConstant(string Name, uint Location);

/// <summary>
/// A compute shader and what its SPIR-V says about it: bindings with kind and access, push constants, specialization constants. These facts
/// live once, in the shader; the host reads them here. Needs names, so shaders are compiled with <c>-g</c>. Source: SPIR-V specification
/// 1.6, sections 2.3 and 3.
/// </summary>
internal sealed class SpirvModule
{
    private const uint Magic = 0x07230203;
    private const uint CooperativeMatrixCapability = 6022; // SPV_KHR_cooperative_matrix
    private readonly Dictionary<uint, string> _names = [];
    private readonly Dictionary<(uint, uint), string> _memberNames = [];
    private readonly Dictionary<uint, Dictionary<uint, uint>> _decorations = [];
    private readonly Dictionary<(uint, uint), Dictionary<uint, uint>> _memberDecorations = [];
    private readonly Dictionary<uint, uint> _pointees = [];
    private readonly Dictionary<uint, uint> _imageDimensions = [];
    private readonly Dictionary<uint, uint[]> _structs = [];
    private readonly List<(uint Id, uint Type, uint Storage)> _variables = [];

    private SpirvModule(string name, byte[] code)
    {
        Name = name;
        Code = code;
        Parse(MemoryMarshal.Cast<byte, uint>(code));
        ShaderBinding[] used = [.. _variables.Where(v => v.Storage is 0 or 12).Select(Binding).OrderBy(b => b.Index)];
        Bindings = [.. Enumerable.Range(0, used.Length == 0 ? 0 : (int)used[^1].Index + 1)
            .Select(i => Array.Find(used, b => b.Index == i) is { Access: not BindingAccess.None } b
                ? b : new ShaderBinding((uint)i, "", BindingAccess.None, BindingKind.Storage))];
        PushConstants = [.. _variables.Where(v => v.Storage == 9).SelectMany(PushMembers).OrderBy(c => c.Location)];
        Specializations = [.. _decorations.Where(d => d.Value.ContainsKey(1))
            .Select(d => new ShaderConstant(_names.GetValueOrDefault(d.Key, d.Value[1] == 0 ? "workgroupSize" : ""), d.Value[1]))
            .DistinctBy(c => c.Location).OrderBy(c => c.Location)];
    }

    /// <summary>Name without extension, e.g. <c>rms_norm</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// Storage buffers, texel buffers and images in binding order. One that the compiler found unused has access None; a tensor given for
    /// it is ignored.
    /// </summary>
    public IReadOnlyList<ShaderBinding> Bindings { get; }

    /// <summary>Members of the push-constant block in offset order.</summary>
    public IReadOnlyList<ShaderConstant> PushConstants { get; }

    /// <summary>Specialization constants in id order.</summary>
    public IReadOnlyList<ShaderConstant> Specializations { get; }

    /// <summary>Whether it multiplies matrices that subgroups hold together.</summary>
    public bool UsesMatrices { get; private set; }

    internal byte[] Code { get; }

    /// <summary>Reads a module.</summary>
    /// <param name="name">Name for errors and debuggers.</param>
    /// <param name="code">Little-endian SPIR-V words.</param>
    /// <exception cref="InvalidDataException">Not SPIR-V, or a shader that breaks a house rule (128 bytes of push constants).</exception>
    public static SpirvModule Read(string name, byte[] code)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (code.Length < 20 || code.Length % 4 != 0 || BitConverter.ToUInt32(code) != Magic)
            throw new InvalidDataException($"Shader {name} is not little-endian SPIR-V.");
        SpirvModule module = new(name, code);
        if (module.PushConstants.Count > 0 && module.PushConstants[^1].Location + 4 > 128)
            throw new InvalidDataException($"Shader {name} has more than 128 bytes of push constants.");
        return module;
    }

    private void Parse(ReadOnlySpan<uint> words)
    {
        for (int at = 5; at < words.Length;)
        {
            int length = (int)(words[at] >> 16);
            if (length == 0 || at + length > words.Length)
                throw new InvalidDataException($"Shader {Name}: broken instruction at word {at}.");
            ReadOnlySpan<uint> op = words.Slice(at, length);
            switch (words[at] & 0xFFFF)
            {
                case 5: _names[op[1]] = Text(op[2..]); break;                                      // OpName
                case 6: _memberNames[(op[1], op[2])] = Text(op[3..]); break;                       // OpMemberName
                case 71: Decorate(_decorations, op[1], op[2..]); break;                            // OpDecorate
                case 72: Decorate(_memberDecorations, (op[1], op[2]), op[3..]); break;             // OpMemberDecorate
                case 25: _imageDimensions[op[1]] = op[3]; break;                                   // OpTypeImage
                case 17: UsesMatrices |= op[1] == CooperativeMatrixCapability; break;              // OpCapability
                case 30: _structs[op[1]] = op[2..].ToArray(); break;                               // OpTypeStruct
                case 32: _pointees[op[1]] = op[3]; break;                                          // OpTypePointer
                case 59: _variables.Add((op[2], op[1], op[3])); break;                             // OpVariable
            }

            at += length;
        }
    }

    private static string Text(ReadOnlySpan<uint> words)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(words);
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static void Decorate<TKey>(Dictionary<TKey, Dictionary<uint, uint>> all, TKey key, ReadOnlySpan<uint> decoration) where TKey
        : notnull
    {
        if (!all.TryGetValue(key, out Dictionary<uint, uint>? of)) all[key] = of = [];
        of[decoration[0]] = decoration.Length > 1 ? decoration[1] : 0;
    }

    private ShaderBinding Binding((uint Id, uint Type, uint Storage) variable)
    {
        const uint NonWritable = 24, NonReadable = 25, BindingNumber = 33, TwoDimensional = 1;
        uint type = _pointees[variable.Type];
        Dictionary<uint, uint> own = _decorations[variable.Id];
        if (variable.Storage == 0)
        {
            // A texel buffer is an image of dimension Buffer, here joined with a sampler that it does not use.
            bool image = _imageDimensions.TryGetValue(type, out uint dimension) && dimension == TwoDimensional;
            return new ShaderBinding(own[BindingNumber], _names.GetValueOrDefault(variable.Id, ""), BindingAccess.Read, image
                ? BindingKind.Image : BindingKind.Texels);
        }

        uint members = (uint)_structs[type].Length;
        BindingAccess access = BindingAccess.None;
        if (!Has(NonReadable)) access |= BindingAccess.Read;
        if (!Has(NonWritable)) access |= BindingAccess.Write;
        return new ShaderBinding(own[BindingNumber], _names.GetValueOrDefault(type, ""), access, BindingKind.Storage);

        bool Has(uint decoration)
        {
            if (own.ContainsKey(decoration)) return true;
            for (uint i = 0; i < members; i++)
                if (!_memberDecorations.TryGetValue((type, i), out Dictionary<uint, uint>? of) || !of.ContainsKey(decoration)) return false;
            return members > 0;
        }
    }

    private IEnumerable<ShaderConstant> PushMembers((uint Id, uint Type, uint Storage) variable)
    {
        uint type = _pointees[variable.Type];
        for (uint i = 0; i < _structs[type].Length; i++)
            yield return new ShaderConstant(_memberNames.GetValueOrDefault((type, i), ""), _memberDecorations[(type, i)][35]); // Offset
    }
}
