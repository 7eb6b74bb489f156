#version 460
#extension GL_GOOGLE_include_directive : require
// Chooses `used` of `experts` experts per row: the largest router logits win (ties: lowest index). Their weights are the softmax over all experts, renormalised to
// sum 1 (Mixtral), or with Sigmoid the sigmoid of each logit (Llama 4).
//   logits [rows, stride] f32   chosen [rows, used] u32   weights [rows, used] f32.  One workgroup per row; grid (rows, 1, 1).
// Jiang et al. 2024 (Mixtral).  Reference: tests/NpcMind.Reference/RouterTopK.cs
#include "lib/common.glsl"
#include "lib/reduce.glsl"

layout(constant_id = 1) const bool Sigmoid = false;

layout(push_constant) uniform Constants {
    uint experts;
    uint used;
    uint stride;
};
layout(binding = 0) readonly buffer Logits { float logits[]; };
layout(binding = 1) buffer Chosen { uint chosen[]; };      // read-write: earlier choices of this row are excluded
layout(binding = 2) buffer Weights { float weights[]; };   // read-write: renormalised at the end

void main() {
    uint row = gl_WorkGroupID.x;
    uint lane = gl_LocalInvocationID.x;
    float total = 0.0;
    float largest = 0.0;
    for (uint n = 0; n < used; n++) {
        // The softmax over all experts cancels when the chosen weights are renormalised, so exp(logit - largest) is all that is needed.
        float best = -3.4e38;
        uint index = 0xFFFFFFFFu;
        for (uint e = lane; e < experts; e += gl_WorkGroupSize.x) {
            bool taken = false;
            for (uint j = 0; j < n; j++) taken = taken || chosen[row * used + j] == e;
            float v = logits[row * stride + e];
            if (!taken && (v > best || index == 0xFFFFFFFFu)) {
                best = v;
                index = e;
            }
        }
        float top = workgroupMax(index == 0xFFFFFFFFu ? -3.4e38 : best);
        float candidate = index != 0xFFFFFFFFu && best == top ? float(index) : 65536.0;
        uint winner = uint(-workgroupMax(-candidate));
        if (n == 0) largest = top;
        float weight = Sigmoid ? 1.0 / (1.0 + exp(-top)) : exp(top - largest);
        total += weight;
        barrier();
        if (lane == 0) {
            chosen[row * used + n] = min(winner, experts - 1);
            weights[row * used + n] = weight;
        }
        memoryBarrierBuffer();
        barrier();
    }
    if (Sigmoid) return;
    for (uint n = lane; n < used; n += gl_WorkGroupSize.x) weights[row * used + n] /= total;
}
