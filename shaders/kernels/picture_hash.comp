#version 460
#extension GL_GOOGLE_include_directive : require
// hash[k] += sum over i < count of mixed(words[at + i], first + i, seed k)
// Tells pictures apart without reading them back; not meant to withstand attackers.
//   words u32   hash [4] u32, to be set before the first part
// Sums wrap around and commute, so neither the order nor the cut of the work matters. Grid (count / (workgroup size * HashLaneWords)
// rounded up, 1, 1).
// Mixing: multiply and shift, as Appleby's MurmurHash3 finishes.  Reference: tests/NpcMind.Reference/PictureHash.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(push_constant) uniform Constants {
    uint at;
    uint count;
    uint first;
};
layout(binding = 0) uniform usamplerBuffer words;
layout(binding = 1) buffer Hash { uint hash[]; }; // read-write: sums

uint scrambled(uint v) {
    v = (v ^ v >> 16) * 0x85EBCA6Bu;
    v = (v ^ v >> 13) * 0xC2B2AE35u;
    return v ^ v >> 16;
}

void main() {
    uvec4 sum = uvec4(0);
    uint start = gl_WorkGroupID.x * gl_WorkGroupSize.x * HashLaneWords + gl_LocalInvocationID.x;
    for (uint n = 0; n < HashLaneWords; n++) {
        uint i = start + n * gl_WorkGroupSize.x;
        if (i >= count) break;
        uint word = texelFetch(words, int(at + i)).x;
        [[unroll]] for (uint k = 0; k < 4; k++) sum[k] += scrambled(word ^ scrambled(first + i + k * 0x9E3779B9u));
    }
    [[unroll]] for (uint k = 0; k < 4; k++) {
        uint total = workgroupSum(sum[k]);
        if (gl_LocalInvocationID.x == 0) atomicAdd(hash[k], total);
    }
}
