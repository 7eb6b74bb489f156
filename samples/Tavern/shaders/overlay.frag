#version 460

layout(location = 0) in vec2 place;
layout(location = 1) flat in vec4 box;
layout(location = 2) flat in vec2 shape;
layout(location = 3) flat in vec4 fill;
layout(location = 4) flat in vec4 border;
layout(location = 5) flat in uint kind;

layout(set = 0, binding = 0) uniform sampler2D atlas;

layout(location = 0) out vec4 colour; // premultiplied

float toBox(vec2 middle, vec2 halves, float radius)
{
    vec2 q = abs(place - middle) - halves + radius;
    return length(max(q, 0)) + min(max(q.x, q.y), 0) - radius;
}

void main()
{
    vec4 paint = fill;
    float coverage;
    if (kind == 0)
    {
        float raw = texelFetch(atlas, ivec2(shape + place - box.xy), 0).r;
        // Blending is linear in light, which makes bright text fat and dark text thin.
        coverage = pow(raw, mix(0.7, 1.3, dot(fill.rgb, vec3(0.2126, 0.7152, 0.0722))));
    }
    else if (kind == 1)
    {
        float outside = toBox((box.xy + box.zw) * 0.5, (box.zw - box.xy) * 0.5, shape.x);
        if (shape.y > 0) paint = mix(border, fill, clamp(0.5 - outside - shape.y, 0, 1));
        coverage = clamp(0.5 - outside, 0, 1);
    }
    else
    {
        vec2 along = box.zw - box.xy, from = place - box.xy;
        float t = clamp(dot(from, along) / max(dot(along, along), 1e-6), 0, 1);
        coverage = clamp(0.5 + mix(shape.x, shape.y, t) - length(from - along * t), 0, 1);
    }

    float alpha = paint.a * coverage;
    colour = vec4(paint.rgb * alpha, alpha);
}
