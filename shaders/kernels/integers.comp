#version 460
#extension GL_GOOGLE_include_directive : require
// Activations as integers, once for all row groups of a product of several rows. One workgroup per row; grid (rows, 1, 1).
//   x [rows, xStride texels] f32 texels of 4   norm [columns] f32 texels of 4, if Normalizes (as matmul.glsl has it, to the bit)
//   integers [blocks, rowCapacity, IntegerBlockWords] u32 (lib/integers.glsl)
// Reference: tests/NpcMind.Reference/QuantizeActivations.cs
#include "lib/common.glsl"
#include "lib/cluster.glsl"
#include "lib/reduce.glsl"

layout(constant_id = 1) const bool Normalizes = false;
layout(constant_id = 2) const uint Digits = 1;

layout(push_constant) uniform Constants {
    uint blocks;
    uint xStride;
    uint dim;
    float epsilon;
    uint rowCapacity;
};
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) uniform samplerBuffer norm;
layout(binding = 2) writeonly buffer Integers { uint integers[]; };

#include "lib/activations.glsl"
#include "lib/integers.glsl"

void main() {
    uint lane = clusterLane(), row = gl_WorkGroupID.x;
    float inverse = Normalizes ? inverseRms(row * xStride) : 1.0;
    for (uint block = clusterIndex(); block < blocks; block += gl_WorkGroupSize.x / ClusterLanes) {
        float scale;
        ivec4 n = toIntegers(activations(int(row * xStride + lane), int(block * 8), lane, inverse), scale);
        uint at = (block * rowCapacity + row) * IntegerBlockWords, end = at + 8 * Digits;
        integers[at + lane] = bytes(highDigits(n));
        if (Digits == 2) integers[at + 8 + lane] = bytes(n);
        int s = halfSum(n), other = subgroupShuffleXor(s, 4u);
        if (lane % 4 == 0) integers[end + 1 + lane / 4] = uint(s);
        if (lane == 0) {
            integers[end] = floatBitsToUint(scale);
            integers[end + 3] = floatBitsToUint(scale * float(s + other));
        }
    }
}
