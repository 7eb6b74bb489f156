namespace NpcMind.Inference;

/// <summary>
/// Words of a sequence's sampler settings on the device, in order. The shaders' struct <c>SamplerSettings</c> is printed from them
/// (<see cref="ShaderConstants"/>).
/// </summary>
internal enum SamplerWord
{
    /// <summary>f32.</summary>
    Temperature,
    /// <summary>u32; 0 for off.</summary>
    TopK,
    /// <summary>f32; 1 for off.</summary>
    TopP,
    /// <summary>f32; 0 for off.</summary>
    MinP,
    /// <summary>Repetition penalty, f32; 1 for off.</summary>
    Repetition,
    /// <summary>Frequency penalty, f32.</summary>
    Frequency,
    /// <summary>Presence penalty, f32.</summary>
    Presence,
    /// <summary>How far back the penalties look, u32 tokens.</summary>
    LastTokens,
    /// <summary>Low half of the seed, u32.</summary>
    SeedLow,
    /// <summary>High half of the seed, u32.</summary>
    SeedHigh,
}
