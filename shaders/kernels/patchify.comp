#version 460
#extension GL_GOOGLE_include_directive : require
// patches[r * columns + q, (c * size + y) * size + x] = shades[c, byte c of the tile's pixel (q * size + x, r * size + y)]
//   canvases u32 pixels, red in the lowest byte
//   place (first word of the canvas, its width, x and y of the tile in it), (columns, rows, -, -) of the tile
//   shades [3, 256] f32 bits: (byte / 255 - mean) / std, made on the host, because drivers divide differently
//   patches [columns * rows, stride] f32
// One lane per pixel of a patch; grid (size * size / workgroup size rounded up, patches, 1).
// Reference: tests/NpcMind.Reference/Patchify.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint size;
    uint stride;
};
layout(binding = 0) uniform usamplerBuffer canvases;
layout(binding = 1) readonly buffer Place {
    uvec4 place;
    uvec4 grid;
};
layout(binding = 2) uniform usamplerBuffer shades;
layout(binding = 3) writeonly buffer Patches { float patches[]; };

void main() {
    uint i = gl_GlobalInvocationID.x;
    uint patchIndex = gl_WorkGroupID.y;
    if (i >= size * size) return;
    uint x = place.z + patchIndex % grid.x * size + i % size;
    uint y = place.w + patchIndex / grid.x * size + i / size;
    uint pixel = texelFetch(canvases, int(place.x + y * place.y + x)).x;
    [[unroll]] for (uint c = 0; c < 3; c++)
        patches[patchIndex * stride + c * size * size + i] = uintBitsToFloat(texelFetch(shades, int(c * 256 + (pixel >> c * 8 & 255))).x);
}
