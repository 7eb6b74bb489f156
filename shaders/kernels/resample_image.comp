#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_samplerless_texture_functions : require
// Resizes a picture that a game rendered, fetched from its image. What is linear (IEC 61966-2-1: sRGB) is encoded first, because models are
// trained on encoded bytes: the texels of SRGB formats, which the device decodes, give back exactly the bytes they hold.
#include "lib/common.glsl"
layout(constant_id = 1) const bool Encode = false;
layout(binding = 0) uniform texture2D source;
ivec3 pixel(uint x, uint y);
#include "bodies/resample.glsl"

float encoded(float v) { return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1.0 / 2.4) - 0.055; }

ivec3 pixel(uint x, uint y) {
    vec3 texel = texelFetch(source, ivec2(x, y), 0).rgb;
    ivec3 bytes;
    [[unroll]] for (int c = 0; c < 3; c++) {
        float v = texel[c] > 0.0 ? min(texel[c], 1.0) : 0.0; // what is not a number is black
        if (Encode) v = encoded(v);
        bytes[c] = int(v * 255.0 + 0.5);
    }
    return bytes;
}
