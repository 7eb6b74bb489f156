#version 460
#extension GL_GOOGLE_include_directive : require
// Largest finite logit of each chunk and the lowest token that has it, or Forbidden and NoToken; clears the histograms of outputs that
// will need them.
// Grid (chunks, outputs, 1).  Reference: tests/NpcMind.Reference/Sampling.cs
#include "lib/common.glsl"
#include "lib/sampling.glsl"
layout(binding = 3) writeonly buffer Best { uvec2 best[]; };
layout(binding = 4) writeonly buffer Histograms { uint histograms[]; };

void main() {
    uint o = gl_WorkGroupID.y, chunk = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x;
    SamplerSettings s = samplers[outputs[o].y];
    if (chunk == 0 && !isGreedy(s) && (usesTopK(s) || usesTopP(s)))
        for (uint i = lane; i < HistogramPasses * HistogramBins; i += gl_WorkGroupSize.x)
            histograms[o * HistogramPasses * HistogramBins + i] = 0;

    uint end = min((chunk + 1) * ChunkQuads, (vocabulary + 3) / 4);
    vec4 top = vec4(Forbidden);
    uvec4 place = uvec4(NoToken);
    for (uint quad = chunk * ChunkQuads + lane; quad < end; quad += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(logits, int(o * quads + quad));
        uvec4 token = quad * 4 + uvec4(0, 1, 2, 3);
        bvec4 finite = notEqual(floatBitsToUint(v) & 0x7F800000u, uvec4(0x7F800000u));
        bvec4 better = bvec4(uvec4(greaterThan(v, top)) & uvec4(finite) & uvec4(lessThan(token, uvec4(vocabulary))));
        top = mix(top, v, better);
        place = mix(place, token, better);
    }
    float highest = max(max(top.x, top.y), max(top.z, top.w));
    uvec4 at = mix(uvec4(NoToken), place, equal(top, vec4(highest)));
    uint lowest = min(min(at.x, at.y), min(at.z, at.w));
    float largest = workgroupMax(highest);
    float winner = -workgroupMax(-(highest == largest && lowest != NoToken ? float(lowest) : 16777215.0)); // tokens are below 2^24
    uint token = largest > Forbidden ? min(uint(winner), vocabulary - 1) : NoToken;
    if (lane == 0) best[o * chunks + chunk] = uvec2(floatBitsToUint(largest), token);
}
