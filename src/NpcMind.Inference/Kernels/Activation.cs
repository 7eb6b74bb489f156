using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Function between the two matrices of a feed-forward block.</summary>
internal enum ActivationForm
{
    /// <summary>x Phi(x).</summary>
    Gelu,
    /// <summary>GELU's tanh approximation.</summary>
    GeluTanh,
    /// <summary>x sigmoid(1.702 x).</summary>
    GeluQuick,
    /// <summary>max(x, 0).</summary>
    Relu,
}

/// <summary>Function of the gate in a gated feed-forward block.</summary>
internal enum GateForm
{
    /// <summary>silu(gate) up (SwiGLU).</summary>
    Silu,
    /// <summary>gelu(gate) up, tanh approximation (GeGLU).</summary>
    GeluTanh,
    /// <summary>gpt-oss: both clamped to 7, gate sigmoid(1.702 gate) (up + 1).</summary>
    ClampedSilu,
}

/// <summary>Activations, element by element.</summary>
internal sealed class Activation(KernelLibrary kernels, Tensor empty)
{
    /// <summary>y = f(x).</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="form">f.</param>
    /// <param name="x">[rows, stride] f32.</param>
    /// <param name="y">[rows, stride] f32.</param>
    /// <param name="stride">Elements of a row, a multiple of 4.</param>
    /// <param name="rows">How many rows a step has here.</param>
    public GraphNode Plain(string label, ActivationForm form, Tensor x, Tensor y, int stride, Func<StepShape, int> rows)
    {
        uint lanes = kernels.SmallWorkgroup;
        DispatchNode node = kernels.Pipeline("activation", ("workgroupSize", lanes), ("Form", (uint)form)).Node(
            label, [x.As(TexelFormat.Float4), y], ("quads", (uint)stride / 4));
        int groups = KernelLibrary.Groups(stride / 4, lanes);
        return new GraphNode([node], s => new Grid(groups, rows(s)));
    }

    /// <summary>y = f(gate) up.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="form">f.</param>
    /// <param name="gateUp">[rows, 2 part] f32: gate, then up.</param>
    /// <param name="y">[rows, stride] f32.</param>
    /// <param name="part">Elements of gate, and of up.</param>
    /// <param name="stride">Elements between rows of y.</param>
    /// <param name="rows">How many rows a step has here.</param>
    /// <param name="inputWeights">[rows] f32 by which the input of gate and up, both linear, is multiplied; null for none.</param>
    /// <param name="outputGate">[rows, stride] whose first column, through a sigmoid, multiplies y; null for none.</param>
    public GraphNode Gated(
        string label, GateForm form, Tensor gateUp, Tensor y, int part, int stride, Func<StepShape, int> rows, Tensor? inputWeights = null,
        RowPart? outputGate = null)
    {
        uint lanes = kernels.SmallWorkgroup;
        ComputePipeline pipeline = kernels.Pipeline(
            "gated_activation",
            ("workgroupSize", lanes), ("Form", (uint)form), ("WeighsInput", inputWeights is null ? 0u : 1u),
            ("GatesOutput", outputGate is null ? 0u : 1u));
        DispatchNode node = pipeline.Node(
            label, [gateUp.As(TexelFormat.Float4), y, inputWeights ?? outputGate?.Tensor ?? empty],
            ("quads", (uint)part / 4), ("stride", (uint)stride / 4), ("weightStride", (uint)(outputGate?.Stride ?? 0)));
        int groups = KernelLibrary.Groups(part / 4, lanes);
        return new GraphNode([node], s => new Grid(groups, rows(s)));
    }

    /// <summary>y = cap tanh(y / cap).</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="y">[rows, stride] f32.</param>
    /// <param name="stride">Elements of a row, a multiple of 4.</param>
    /// <param name="cap">Largest magnitude.</param>
    /// <param name="rows">How many rows a step has here.</param>
    public GraphNode SoftCap(string label, Tensor y, int stride, float cap, Func<StepShape, int> rows)
    {
        uint lanes = kernels.SmallWorkgroup;
        DispatchNode node = kernels.Pipeline("soft_cap", ("workgroupSize", lanes)).Node(
            label, [y], ("quads", (uint)stride / 4), ("cap", cap));
        int groups = KernelLibrary.Groups(stride / 4, lanes);
        return new GraphNode([node], s => new Grid(groups, rows(s)));
    }
}
