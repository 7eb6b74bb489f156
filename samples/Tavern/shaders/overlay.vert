#version 460

// One quad of the overlay: a glyph (0), a rounded box (1) or a line (2). The numbers are those of QuadKind in C#.
layout(location = 0) in vec4 box;    // pixels: left, top, right, bottom; of a line its ends
// Of a glyph its place in the atlas; of a box its radius and the width of its border; of a line half its width at either end.
layout(location = 1) in vec2 shape;
layout(location = 2) in vec4 fill;   // sRGB and alpha
layout(location = 3) in vec4 border;
layout(location = 4) in uint kind;

layout(push_constant) uniform Target { vec2 size; } target;

layout(location = 0) out vec2 place;
layout(location = 1) flat out vec4 boxOut;
layout(location = 2) flat out vec2 shapeOut;
layout(location = 3) flat out vec4 fillOut;
layout(location = 4) flat out vec4 borderOut;
layout(location = 5) flat out uint kindOut;

vec4 toLinear(vec4 c) { return vec4(mix(c.rgb / 12.92, pow((c.rgb + 0.055) / 1.055, vec3(2.4)), step(0.04045, c.rgb)), c.a); }

void main()
{
    vec2 corner = vec2(gl_VertexIndex == 1 || gl_VertexIndex >= 4 ? 1 : 0,
        gl_VertexIndex == 2 || gl_VertexIndex == 3 || gl_VertexIndex == 5 ? 1 : 0);
    float margin = kind == 0 ? 0 : kind == 1 ? 1 : max(shape.x, shape.y) + 1;
    place = mix(min(box.xy, box.zw) - margin, max(box.xy, box.zw) + margin, corner);
    boxOut = box;
    shapeOut = shape;
    fillOut = toLinear(fill);
    borderOut = toLinear(border);
    kindOut = kind;
    gl_Position = vec4(place / target.size * 2 - 1, 0, 1);
}
