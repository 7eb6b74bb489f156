#version 460
#extension GL_GOOGLE_include_directive : require
// Lowers the logits of tokens that a sequence has read lately. Repetition penalty: Keskar et al. 2019 (CTRL).
//   tokens [slots, maxContext] u32: what each sequence has read   logits [outputs, stride] f32, changed in place
// A workgroup takes WindowTokens places of one output's window; the first place of a token changes its logit, so no logit has two writers.
// Lanes fetch 8 places of the window and hand them round.
// Grid (longest window / WindowTokens rounded up, outputs, 1).  Reference: tests/NpcMind.Reference/Sampling.cs
#include "lib/common.glsl"
#include "lib/cluster.glsl"
layout(constant_id = 1) const uint WindowTokens = 32;

layout(push_constant) uniform Constants {
    uint vocabulary;
    uint stride;
    uint maxContext;
};
layout(binding = 0) readonly buffer Outputs { uvec4 outputs[]; };
layout(binding = 1) readonly buffer Samplers { SamplerSettings samplers[]; };
layout(binding = 2) uniform usamplerBuffer tokens;
layout(binding = 3) buffer Logits { float logits[]; };

void main() {
    uint o = gl_WorkGroupID.y;
    SamplerSettings s = samplers[outputs[o].y];
    if (s.repetition == 1.0 && s.frequency == 0.0 && s.presence == 0.0) return;
    uint end = outputs[o].z + 1;
    uint begin = end - min(end, s.lastTokens);
    uint log = outputs[o].y * maxContext;
    uint first = begin + gl_WorkGroupID.x * WindowTokens;
    for (uint at = first; at < min(first + WindowTokens, end); at += gl_WorkGroupSize.x) {
        uint i = at + gl_LocalInvocationID.x;
        bool mine = i < min(first + WindowTokens, end);
        uint token = mine ? texelFetch(tokens, int(log + i)).x : NoToken;
        uint count = 0, before = 0;
        for (uint j = begin; j < end; j += ClusterLanes) {
            uint other = texelFetch(tokens, int(log + min(j + clusterLane(), end - 1))).x;
            [[unroll]] for (uint t = 0; t < ClusterLanes; t++) {
                uint same = subgroupShuffle(other, clusterBase() + t) == token && j + t < end ? 1u : 0u;
                count += same;
                before += j + t < i ? same : 0u;
            }
        }
        if (mine && before == 0 && token < vocabulary) {
            float v = logits[o * stride + token];
            v = v > 0.0 ? v / s.repetition : v * s.repetition;
            logits[o * stride + token] = v - float(count) * s.frequency - s.presence;
        }
    }
}
