#version 460
#extension GL_GOOGLE_include_directive : require
// Resizes a picture whose pixels lie in a buffer, red in the lowest byte.
#include "lib/common.glsl"
layout(binding = 0) uniform usamplerBuffer source;
ivec3 pixel(uint x, uint y);
#include "bodies/resample.glsl"

ivec3 pixel(uint x, uint y) {
    uint texel = texelFetch(source, int(sourceFirst + y * sourceStride + x)).x;
    return ivec3(texel & 255, texel >> 8 & 255, texel >> 16 & 255);
}
