// Where the words of a weight matrix lie (src/NpcMind.Inference/Model/WeightLayout.cs). A row group holds GroupRows rows: first the
// codes of all units, UnitTexels texels of 16 bytes per row and unit, then their scales, ScaleWords words per row and unit; rows are
// interleaved in both.
layout(binding = 0) uniform usamplerBuffer codes;
layout(binding = 1) uniform usamplerBuffer scales;

uvec4 codeTexel(uint group, uint units, uint unit, uint texel, uint row) {
    const uint Texels = GroupRows * UnitTexels + GroupRows / 4 * ScaleWords;
    return texelFetch(codes, int(group * units * Texels + (unit * UnitTexels + texel) * GroupRows + row));
}

uvec4 scaleTexel(uint group, uint units, uint unit, uint row) {
    const uint Words = max(ScaleWords, 1); // formats without scales never come here
    const uint Codes = 4 * GroupRows * UnitTexels / Words;
    return texelFetch(scales, int(group * units * (Codes + GroupRows) + units * Codes + unit * GroupRows + row));
}
