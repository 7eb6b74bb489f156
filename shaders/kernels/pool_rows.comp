#version 460
#extension GL_GOOGLE_include_directive : require
// y[text] = mean of the text's rows, added in order; or its first or last row.
//   x [rows, stride quads] f32 texels of 4   texts [n] (first row, rows, -, -)   y [n, stride quads] vec4
// One lane per quad; grid (stride / workgroup size rounded up, texts, 1).  Reference: tests/NpcMind.Reference/Pool.cs
#include "lib/common.glsl"

layout(constant_id = 1) const uint Form = 1; // EmbeddingPooling

layout(push_constant) uniform Constants { uint stride; };
layout(binding = 0) uniform samplerBuffer x;
layout(binding = 1) readonly buffer Texts { uvec4 texts[]; };
layout(binding = 2) writeonly buffer Y { vec4 y[]; };

void main() {
    uint quad = gl_GlobalInvocationID.x;
    if (quad >= stride) return;
    uint first = texts[gl_WorkGroupID.y].x;
    uint count = texts[gl_WorkGroupID.y].y;
    vec4 v = texelFetch(x, int((Form == EmbeddingPoolingLast ? first + count - 1 : first) * stride + quad));
    if (Form == EmbeddingPoolingMean) {
        for (uint row = 1; row < count; row++) v += texelFetch(x, int((first + row) * stride + quad));
        v /= float(count);
    }
    y[gl_WorkGroupID.y * stride + quad] = v;
}
