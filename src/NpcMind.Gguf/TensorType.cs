namespace NpcMind.Gguf;

/// <summary>
/// Storage type of a tensor. Values are ggml's type ids, as written in GGUF tensor infos (GGUF specification, "ggml_type").
/// </summary>
internal enum TensorType : uint
{
    /// <summary>IEEE binary32.</summary>
    F32 = 0,
    /// <summary>IEEE binary16.</summary>
    F16 = 1,
    /// <summary>32 weights: f16 scale, 4-bit codes, zero point 8.</summary>
    Q4_0 = 2,
    /// <summary>32 weights: f16 scale and minimum, 4-bit codes.</summary>
    Q4_1 = 3,
    /// <summary>32 weights: f16 scale, 5-bit codes, zero point 16.</summary>
    Q5_0 = 6,
    /// <summary>32 weights: f16 scale and minimum, 5-bit codes.</summary>
    Q5_1 = 7,
    /// <summary>32 weights: f16 scale, signed 8-bit codes.</summary>
    Q8_0 = 8,
    /// <summary>Activation format; never valid for weights in a file.</summary>
    Q8_1 = 9,
    /// <summary>256 weights, 2-bit K-quant.</summary>
    Q2_K = 10,
    /// <summary>256 weights, 3-bit K-quant.</summary>
    Q3_K = 11,
    /// <summary>256 weights in 8 sub-blocks: 4-bit codes, 6-bit scales and minima.</summary>
    Q4_K = 12,
    /// <summary>256 weights in 8 sub-blocks: 5-bit codes, 6-bit scales and minima.</summary>
    Q5_K = 13,
    /// <summary>256 weights in 16 sub-blocks: 6-bit codes, 8-bit scales.</summary>
    Q6_K = 14,
    /// <summary>Activation format; never valid for weights in a file.</summary>
    Q8_K = 15,
    /// <summary>256 weights, 2.06-bit codebook.</summary>
    IQ2_XXS = 16,
    /// <summary>256 weights, 2.31-bit codebook.</summary>
    IQ2_XS = 17,
    /// <summary>256 weights, 3.06-bit codebook.</summary>
    IQ3_XXS = 18,
    /// <summary>256 weights, 1.56-bit codebook.</summary>
    IQ1_S = 19,
    /// <summary>32 weights: f16 scale, 4-bit codes into a non-linear table.</summary>
    IQ4_NL = 20,
    /// <summary>256 weights, 3.44-bit codebook.</summary>
    IQ3_S = 21,
    /// <summary>256 weights, 2.56-bit codebook.</summary>
    IQ2_S = 22,
    /// <summary>256 weights, IQ4_NL codes with 6-bit scales.</summary>
    IQ4_XS = 23,
    /// <summary>Signed 8-bit integers.</summary>
    I8 = 24,
    /// <summary>Signed 16-bit integers.</summary>
    I16 = 25,
    /// <summary>Signed 32-bit integers.</summary>
    I32 = 26,
    /// <summary>Signed 64-bit integers.</summary>
    I64 = 27,
    /// <summary>IEEE binary64.</summary>
    F64 = 28,
    /// <summary>256 weights, 1.75-bit codebook.</summary>
    IQ1_M = 29,
    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16 = 30,
    /// <summary>256 ternary weights, 1.69 bits each.</summary>
    TQ1_0 = 34,
    /// <summary>256 ternary weights, 2.06 bits each.</summary>
    TQ2_0 = 35,
    /// <summary>32 weights: E8M0 scale, 4-bit E2M1 codes (OCP MX).</summary>
    MXFP4 = 39,
    /// <summary>64 weights: four UE4M3 scales, 4-bit E2M1 codes.</summary>
    NVFP4 = 40,
}

/// <summary>
/// Block layout of a tensor type: <paramref name="Elements"/> consecutive weights of one row stored in <paramref name="Bytes"/> bytes.
/// </summary>
/// <param name="Elements">Weights per block; a row length must be a multiple of it.</param>
/// <param name="Bytes">Bytes per block.</param>
internal readonly record struct BlockLayout(int Elements, int Bytes);

/// <summary>Facts about tensor types.</summary>
internal static class TensorTypes
{
    /// <summary>The block layout of <paramref name="type"/>, or null for an id that names no storage type (unknown, removed).</summary>
    public static BlockLayout? Layout(TensorType type) => type switch
    {
        TensorType.F32 or TensorType.I32 => new(1, 4),
        TensorType.F16 or TensorType.BF16 or TensorType.I16 => new(1, 2),
        TensorType.I8 => new(1, 1),
        TensorType.I64 or TensorType.F64 => new(1, 8),
        TensorType.Q4_0 or TensorType.IQ4_NL => new(32, 18),
        TensorType.Q4_1 => new(32, 20),
        TensorType.Q5_0 => new(32, 22),
        TensorType.Q5_1 => new(32, 24),
        TensorType.Q8_0 => new(32, 34),
        TensorType.Q8_1 => new(32, 36),
        TensorType.MXFP4 => new(32, 17),
        TensorType.NVFP4 => new(64, 36),
        TensorType.Q2_K => new(256, 84),
        TensorType.Q3_K or TensorType.IQ3_S => new(256, 110),
        TensorType.Q4_K => new(256, 144),
        TensorType.Q5_K => new(256, 176),
        TensorType.Q6_K => new(256, 210),
        TensorType.Q8_K => new(256, 292),
        TensorType.IQ2_XXS or TensorType.TQ2_0 => new(256, 66),
        TensorType.IQ2_XS => new(256, 74),
        TensorType.IQ3_XXS => new(256, 98),
        TensorType.IQ1_S => new(256, 50),
        TensorType.IQ2_S => new(256, 82),
        TensorType.IQ1_M => new(256, 56),
        TensorType.IQ4_XS => new(256, 136),
        TensorType.TQ1_0 => new(256, 54),
        _ => null,
    };
}
