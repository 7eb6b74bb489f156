#version 460
#extension GL_GOOGLE_include_directive : require
#include "overlay.glsl"

layout(location = 0) in vec4 box;    // pixels: left, top, right, bottom; of a line its ends
layout(location = 1) in vec4 source; // of a glyph: its box in the atlas, in texels
layout(location = 2) in vec4 clip;   // pixels outside of which nothing is drawn
layout(location = 3) in vec4 fill;   // sRGB and alpha
layout(location = 4) in vec4 border;
layout(location = 5) in vec2 shape;  // radius and width of the border, or half the width of a line
layout(location = 6) in uint kind;

layout(push_constant) uniform Target { vec2 size; } target;

layout(location = 0) out vec2 place;
layout(location = 1) out vec2 texel;
layout(location = 2) flat out vec4 boxOut;
layout(location = 3) flat out vec4 clipOut;
layout(location = 4) flat out vec4 fillOut;
layout(location = 5) flat out vec4 borderOut;
layout(location = 6) flat out vec2 shapeOut;
layout(location = 7) flat out uint kindOut;

vec4 linear(vec4 c) { return vec4(mix(c.rgb / 12.92, pow((c.rgb + 0.055) / 1.055, vec3(2.4)), step(0.04045, c.rgb)), c.a); }

void main()
{
    const vec2 Corners[6] = vec2[](vec2(0, 0), vec2(1, 0), vec2(0, 1), vec2(0, 1), vec2(1, 0), vec2(1, 1));
    vec2 corner = Corners[gl_VertexIndex];
    float margin = kind == Glyph ? 0 : kind == Line ? shape.x + 1 : 1;
    vec2 low = min(box.xy, box.zw) - margin, high = max(box.xy, box.zw) + margin;
    place = mix(low, high, corner);
    texel = mix(source.xy, source.zw, corner);
    boxOut = box;
    clipOut = clip;
    fillOut = linear(fill);
    borderOut = linear(border);
    shapeOut = shape;
    kindOut = kind;
    gl_Position = vec4(place / target.size * 2 - 1, 0, 1);
}
