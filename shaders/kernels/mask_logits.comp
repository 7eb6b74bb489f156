#version 460
#extension GL_GOOGLE_include_directive : require
// logits[o, token] = Forbidden where bit `token` of output o's mask is 0
// Which tokens may be chosen. Outputs without a mask (w 0) are left alone.
//   outputs [n] (row, slot, position, masked)   masks [n, words] u32, bit i of word j is token 32 j + i   logits [n, stride] f32
// Grid (vocabulary / ChunkTokens rounded up, outputs, 1).  Reference: tests/NpcMind.Reference/MaskLogits.cs
#include "lib/common.glsl"
#include "lib/forbidden.glsl"
layout(constant_id = 1) const uint ChunkTokens = 2048;

layout(push_constant) uniform Constants {
    uint vocabulary;
    uint stride;
    uint words;
};
layout(binding = 0) readonly buffer Outputs { uvec4 outputs[]; };
layout(binding = 1) uniform usamplerBuffer masks;
layout(binding = 2) writeonly buffer Logits { float logits[]; };

void main() {
    uint o = gl_WorkGroupID.y;
    if (outputs[o].w == 0) return;
    uint first = gl_WorkGroupID.x * ChunkTokens;
    uint end = min(first + ChunkTokens, vocabulary);
    for (uint token = first + gl_LocalInvocationID.x; token < end; token += gl_WorkGroupSize.x) {
        uint word = texelFetch(masks, int(o * words + token / 32)).x;
        if ((word >> (token % 32) & 1u) == 0) logits[o * stride + token] = Forbidden;
    }
}
