#version 460
#extension GL_GOOGLE_include_directive : require
// out[row, head] = (sum over splits of exp(top_s - top) * sum_s) / (sum over splits of exp(top_s - top) * total_s)
// Joins the parts of attention.glsl.
// HasSinks: a score per head that takes part in the largest and in the sum of weights, and has no value (gpt-oss; Xiao et al. 2024).
//   quads: of a value   parts [rows][heads][maxSplits][quads + 1] f32 texels of 4
//   rows [rows] (token, position, slot, tokens seen ahead << 16)
//   out [rows, heads * quads] vec4, row stride in quads
// One lane per quad; grid (heads * quads / workgroup size rounded up, rows, 1).
#include "lib/common.glsl"

layout(constant_id = 1) const uint Span = 0; // AttentionSpanKind
layout(constant_id = 2) const bool HasSinks = false;

layout(push_constant) uniform Constants {
    uint heads;
    uint quads;
    uint maxSplits;
    uint splitTokens;
    uint stride;
    uint spanTokens;
};
layout(binding = 0) uniform samplerBuffer parts;
layout(binding = 1) readonly buffer Rows { uvec4 rows[]; };
layout(binding = 2) writeonly buffer Out { vec4 result[]; };
layout(binding = 3) readonly buffer Sinks { float sinks[]; };

#include "lib/attention_span.glsl"

void main() {
    uint head = gl_GlobalInvocationID.x / quads;
    uint quad = gl_GlobalInvocationID.x % quads;
    uint row = gl_WorkGroupID.y;
    if (head >= heads) return;
    float top = -1e30;
    float total = 0.0;
    vec4 sum = vec4(0.0);
    for (uint split = firstVisible(rows[row].y) / splitTokens; split <= lastVisible(rows[row]) / splitTokens; split++) {
        uint at = ((row * heads + head) * maxSplits + split % maxSplits) * (quads + 1);
        vec2 scale = texelFetch(parts, int(at + quads)).xy;
        float higher = max(top, scale.x);
        float shrink = exp(top - higher);
        float share = exp(scale.x - higher);
        total = total * shrink + scale.y * share;
        sum = sum * shrink + texelFetch(parts, int(at + quad)) * share;
        top = higher;
    }
    if (HasSinks) {
        float higher = max(top, sinks[head]);
        sum *= exp(top - higher);
        precise float withSink = total * exp(top - higher) + exp(sinks[head] - higher);
        total = withSink;
    }
    result[row * stride + head * quads + quad] = sum / total;
}
