using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Where feature rows of pictures lie while a step reads them: in host memory that the device sees, because each row is read once and is
/// small beside what else a step reads. Steps on their way each have rows of their own. Used by one thread.
/// </summary>
internal sealed class FeatureRing : IDisposable
{
    private const int Steps = InferenceEngine.ResultSlots + 2; // as many as can be unfinished, and the one being filled

    /// <summary>Most rows of a step: shaders know a feature row by 16 bits.</summary>
    public const int MostRows = (int)StepInputs.FeatureMask / Steps / 16 * 16;

    private readonly GpuBuffer? _buffer;
    private readonly int _maxRows;
    private readonly int _width;
    private int _step;

    public FeatureRing(GpuDevice device, int maxRows, int width, bool used)
    {
        _maxRows = maxRows;
        _width = width;
        _buffer = used ? device.Memory.Allocate((long)Steps * maxRows * width * 4, MemoryKind.Upload, "feature rows") : null;
    }

    /// <summary>[steps * rows, width] f32, or null when no model here sees.</summary>
    public Tensor? Rows => _buffer?.Whole;

    /// <summary>Puts a row of the step being filled; returns its row of the buffer.</summary>
    public int Set(int row, ReadOnlySpan<float> feature)
    {
        int at = _step * _maxRows + row;
        feature.CopyTo(MemoryMarshal.Cast<byte, float>(_buffer!.Mapped)[(at * _width)..]);
        return at;
    }

    /// <summary>Says that the step being filled is on its way.</summary>
    public void NextStep() => _step = (_step + 1) % Steps;

    public void Dispose() => _buffer?.Dispose();
}
