using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Rotates rows by a Walsh-Hadamard transform (shaders/lib/hadamard.glsl): queries that meet rotated keys, and back what was gathered from
/// rotated values.
/// </summary>
internal sealed class Hadamard(KernelLibrary kernels)
{
    /// <summary>Elements rotated together in heads of a size: the largest power of two that divides it.</summary>
    /// <param name="size">A multiple of 4; of sizes that share blocks, their bits together.</param>
    public static int BlockElements(int size) => size & -size;

    /// <summary>Rotates a step's rows in place.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="block">From <see cref="BlockElements"/>.</param>
    /// <param name="x">[rows, stride] f32.</param>
    /// <param name="elements">Elements of a row that are rotated, whole blocks.</param>
    /// <param name="stride">Elements between rows, a multiple of 4.</param>
    /// <param name="count">How many rows a step has here.</param>
    public GraphNode Node(string label, int block, Tensor x, int elements, int stride, Func<StepShape, int> count)
    {
        uint lanes = kernels.SmallWorkgroup, quads = (uint)block / 4;
        DispatchNode node = kernels.Pipeline("hadamard", ("workgroupSize", lanes), ("BlockQuads", quads)).Node(
            label, [x.As(TexelFormat.Float4), x], ("quads", (uint)elements / 4), ("stride", (uint)stride / 4));
        uint clusters = lanes / ShaderConstants.ClusterLanes;
        int groups = KernelLibrary.Groups(elements / 4, clusters * Math.Max(ShaderConstants.ClusterLanes, quads));
        return new GraphNode([node], s => new Grid(groups, count(s)));
    }
}
