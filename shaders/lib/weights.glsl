// Where the words of a weight matrix lie (src/NpcMind.Inference/Model/WeightLayout.cs). A row group holds 32 rows: first the codes of all
// units, UnitTexels texels of 16 bytes per row and unit, then their scales, ScaleWords words per row and unit; rows are interleaved in
// both.
layout(binding = 0) uniform usamplerBuffer codes;
layout(binding = 1) uniform usamplerBuffer scales;

uvec4 codeTexel(uint group, uint units, uint unit, uint texel, uint row) {
    return texelFetch(codes, int(group * units * (32 * UnitTexels + 8 * ScaleWords) + (unit * UnitTexels + texel) * 32 + row));
}

uvec4 scaleTexel(uint group, uint units, uint unit, uint row) {
    const uint Words = max(ScaleWords, 1); // formats without scales never come here
    return texelFetch(scales, int(group * units * (128 * UnitTexels / Words + 32) + units * (128 * UnitTexels / Words) + unit * 32 + row));
}
