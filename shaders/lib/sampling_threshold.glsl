// The key from which tokens are kept: radix select over what sample_histogram.comp has counted, instead of sorting. Tokens exactly at it
// all stay.
//   state [outputs, HistogramPasses] (digits found before this pass, weight still to find); StateAccess: readonly, or nothing where it
//   is written
layout(binding = 3) uniform usamplerBuffer best;
layout(binding = 4) readonly buffer Histograms { uint histograms[]; }; // too many texels for small limits; few are read
layout(binding = 5) uniform usamplerBuffer sums;
layout(binding = 6) StateAccess buffer State { uvec2 state[]; };

shared uint laneSums[LargestWorkgroup];

// Largest bin such that it and those above it weigh at least `target`; then what is left to find in it. Lanes add runs of bins from the
// top.
uvec2 findBin(uint row, uint target) {
    uint lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x, run = (HistogramBins + lanes - 1) / lanes;
    uint sum = 0;
    for (uint i = lane * run; i < min((lane + 1) * run, HistogramBins); i++)
        sum += histograms[row * HistogramBins + (HistogramBins - 1) - i];
    barrier();
    laneSums[lane] = sum;
    barrier();
    uint above = 0, owner = 0;
    while ((owner + 1) * run < HistogramBins && above + laneSums[owner] < target) above += laneSums[owner++];
    uint place = owner * run;
    for (; place < HistogramBins - 1; place++) {
        uint weight = histograms[row * HistogramBins + (HistogramBins - 1) - place];
        if (above + weight >= target) break;
        above += weight;
    }
    return uvec2(HistogramBins - 1 - place, target - min(target, above));
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
    uvec2 s = state[o * HistogramPasses + lastPass];
    return s.x | findBin(o * HistogramPasses + lastPass, s.y).x;
}

// Forbidden tokens are never kept.
uint keyAfterTopK(uint o, SamplerSettings s) {
    uint lowest = sortable(Forbidden) + 1;
    return usesTopK(s) ? max(lowest, foundKey(o, KeyPasses - 1)) : lowest;
}

uint keyAfterAll(uint o, SamplerSettings s, float largest) {
    uint lowest = keyAfterTopK(o, s);
    if (usesTopP(s)) lowest = max(lowest, foundKey(o, HistogramPasses - 1));
    if (s.minP > 0.0) lowest = max(lowest, sortable(largest + log(s.minP)));
    return min(lowest, sortable(largest));
}
