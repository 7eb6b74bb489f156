namespace NpcMind;

/// <summary>What loading a runtime is doing.</summary>
public enum LoadStage
{
    /// <summary>Reads weights and puts them on the device.</summary>
    Weights,

    /// <summary>
    /// Compiles shaders and measures what they cost. Short where an earlier run left both in <see cref="NpcRuntimeOptions.CacheFolder"/>.
    /// </summary>
    Calibration,

    /// <summary>Is done.</summary>
    Ready,
}

/// <summary>How far the loading of a runtime is.</summary>
/// <param name="Stage">What it is doing.</param>
/// <param name="Fraction">How much of the stage is done, 0 to 1; never falls within a stage.</param>
public readonly record struct LoadProgress(LoadStage Stage, double Fraction);
