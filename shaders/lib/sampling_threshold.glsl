// The key from which tokens are kept: radix select over what sample_histogram.comp has counted, instead of sorting. Tokens exactly at it
// all stay.
//   state [outputs, 8] (digits found before this pass, weight still to find); StateAccess: readonly, or nothing where it is written
layout(binding = 3) uniform usamplerBuffer best;
layout(binding = 4) readonly buffer Histograms { uint histograms[]; }; // too many texels for small limits; few are read
layout(binding = 5) uniform usamplerBuffer sums;
layout(binding = 6) StateAccess buffer State { uvec2 state[]; };

shared uint laneSums[256];

// Largest bin such that it and those above it weigh at least `target`; then what is left to find in it. Lanes add runs of bins from the
// top.
uvec2 findBin(uint row, uint target) {
    uint lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x, run = (256 + lanes - 1) / lanes;
    uint sum = 0;
    for (uint i = lane * run; i < min((lane + 1) * run, 256u); i++) sum += histograms[row * 256 + 255 - i];
    barrier();
    laneSums[lane] = sum;
    barrier();
    uint above = 0, owner = 0;
    while ((owner + 1) * run < 256 && above + laneSums[owner] < target) above += laneSums[owner++];
    uint place = owner * run;
    for (; place < 255; place++) {
        uint weight = histograms[row * 256 + 255 - place];
        if (above + weight >= target) break;
        above += weight;
    }
    return uvec2(255 - place, target - min(target, above));
}

float largestLogit(uint o) {
    float top = uintBitsToFloat(texelFetch(best, int(o * chunks)).x);
    for (uint i = gl_LocalInvocationID.x; i < chunks; i += gl_WorkGroupSize.x)
        top = max(top, uintBitsToFloat(texelFetch(best, int(o * chunks + i)).x));
    return workgroupMax(top);
}

float sumOfChunks(uint o) {
    float sum = 0.0;
    for (uint i = 0; i < chunks; i++) sum += uintBitsToFloat(texelFetch(sums, int(o * chunks + i)).x);
    return sum;
}

uint foundKey(uint o, uint lastPass) {
    uvec2 s = state[o * 8 + lastPass];
    return s.x | findBin(o * 8 + lastPass, s.y).x;
}

// Forbidden tokens are never kept.
uint keyAfterTopK(uint o, SamplerSettings s) {
    uint lowest = sortable(Forbidden) + 1;
    return usesTopK(s) ? max(lowest, foundKey(o, 3)) : lowest;
}

uint keyAfterAll(uint o, SamplerSettings s, float largest) {
    uint lowest = keyAfterTopK(o, s);
    if (usesTopP(s)) lowest = max(lowest, foundKey(o, 7));
    if (s.minP > 0.0) lowest = max(lowest, sortable(largest + log(s.minP)));
    return min(lowest, sortable(largest));
}
