#version 460
#extension GL_GOOGLE_include_directive : require
#include "overlay.glsl"

layout(location = 0) in vec2 place;
layout(location = 1) in vec2 texel;
layout(location = 2) flat in vec4 box;
layout(location = 3) flat in vec4 clip;
layout(location = 4) flat in vec4 fill;
layout(location = 5) flat in vec4 border;
layout(location = 6) flat in vec2 shape;
layout(location = 7) flat in uint kind;

layout(set = 0, binding = 0) uniform sampler2D atlas;

layout(location = 0) out vec4 colour; // premultiplied

float toBox(vec2 middle, vec2 half_, float radius)
{
    vec2 q = abs(place - middle) - half_ + radius;
    return length(max(q, 0)) + min(max(q.x, q.y), 0) - radius;
}

float toLine(vec2 a, vec2 b)
{
    vec2 along = b - a, p = place - a;
    return length(p - along * clamp(dot(p, along) / max(dot(along, along), 1e-6), 0, 1));
}

void main()
{
    if (any(lessThan(place, clip.xy)) || any(greaterThan(place, clip.zw))) discard;
    vec4 paint = fill;
    float coverage;
    if (kind == Glyph)
    {
        float raw = texelFetch(atlas, ivec2(texel), 0).r;
        // Blending is linear in light, which makes bright text fat: thin it, and thicken dark text.
        coverage = pow(raw, mix(0.8, 1.25, dot(fill.rgb, vec3(0.2126, 0.7152, 0.0722))));
    }
    else if (kind == Box)
    {
        float outside = toBox((box.xy + box.zw) * 0.5, (box.zw - box.xy) * 0.5, shape.x);
        float within = clamp(0.5 - (outside + shape.y), 0, 1);
        paint = shape.y > 0 ? mix(border, fill, within) : fill;
        coverage = clamp(0.5 - outside, 0, 1);
    }
    else coverage = clamp(0.5 + shape.x - toLine(box.xy, box.zw), 0, 1);
    float alpha = paint.a * coverage;
    colour = vec4(paint.rgb * alpha, alpha);
}
