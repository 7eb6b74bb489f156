// What the products of bodies/matmul.glsl, matmul_matrix.glsl and matmul_lanes.glsl have in common: numbers, tensors, and what stands
// after a product.
#include "lib/gelu.glsl"
#include "lib/gated_activation.glsl"

layout(constant_id = 1) const uint Tokens = 1;     // rows of activations per workgroup
layout(constant_id = 2) const uint Slices = 1;     // shares of the columns whose sums are added in order
layout(constant_id = 3) const bool Experts = false;
layout(constant_id = 4) const bool HasBias = false;
layout(constant_id = 5) const bool Accumulate = false; // add to y instead of replacing it
layout(constant_id = 7) const uint Gated = 0;
layout(constant_id = 8) const bool WeighsInput = false;
layout(constant_id = 9) const bool GatesOutput = false;
layout(constant_id = 13) const uint Digits = 0; // bytes of activations as integers (lib/integer_product.glsl); 0 for f32

layout(push_constant) uniform Constants {
    uint chunks;        // columns / 64 rounded up
    uint xStride;       // texels of a row; of integers, words from a block of all rows to the next
    uint yStride;
    uint yOffset;
    uint firstGroup;    // of this segment, counted over all experts
    uint groups;        // of this segment
    uint groupsPerSlab; // of one expert
    uint xDivisor;
    float scale;
    uint rowLimit;      // rows of y that are written, of one expert
    uint upGroups;
    uint weightStride;
    uint dim;           // of x, for its mean
    float epsilon;
};
layout(binding = 2) uniform samplerBuffer x;
layout(binding = 3) buffer Y { float y[]; }; // read-write: Accumulate
layout(binding = 4) readonly buffer Bias { float bias[]; };
layout(binding = 5) readonly buffer Tiles { uvec4 tiles[]; };
layout(binding = 6) readonly buffer Order { uint order[]; };
layout(binding = 9) uniform samplerBuffer norm;
layout(binding = 10) uniform usamplerBuffer weights; // f32 bits

float weight(uint at) { return uintBitsToFloat(texelFetch(weights, int(at)).x); }

// What becomes of gates and what they gate, of row `entry` of y.
vec4 activated(vec4 gate, vec4 up, uint entry) {
    if (WeighsInput) {
        gate *= weight(entry);
        up *= weight(entry);
    }
    up = gated(gate, up, Gated - 1);
    if (GatesOutput) up /= 1.0 + exp(-weight(entry * weightStride));
    return up;
}
