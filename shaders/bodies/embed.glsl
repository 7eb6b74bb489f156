// x[row] = scale * embedding of the row's token, which comes from the host or from the sampler of an earlier step; the token is noted in
// its sequence's log.
//   codes, scales: the embedding matrix (lib/weights.glsl)
//   rows [rows] (token or TokenFromDevice, position, slot, feature row + 1 or 0 under FeatureMask)   next [slots] u32
//   features [.., dim] f32: what stands in the place of a picture's token, unscaled   x [rows, stride] f32   tokens [slots, maxContext] u32
// Grid (dim / workgroup size rounded up, rows, 1), once per segment of the matrix.  Reference: tests/NpcMind.Reference/Embed.cs
layout(push_constant) uniform Constants {
    uint dim;
    uint stride;
    uint units;
    uint firstGroup;
    uint groups;
    uint maxContext;
    float scale;
};
layout(binding = 2) readonly buffer Rows { uvec4 rows[]; };
layout(binding = 3) readonly buffer Next { uint next[]; };
layout(binding = 4) writeonly buffer X { float x[]; };
layout(binding = 5) writeonly buffer Tokens { uint tokens[]; };
layout(binding = 6) readonly buffer Features { float features[]; };

void main() {
    uvec4 row = rows[gl_WorkGroupID.y];
    uint token = row.x == TokenFromDevice ? next[row.z] : row.x;
    uint column = gl_GlobalInvocationID.x;
    if (column == 0) tokens[row.z * maxContext + row.y] = token;
    uint group = token / GroupRows;
    if (column >= dim || group < firstGroup || group >= firstGroup + groups) return;
    uint at = gl_WorkGroupID.y * stride + column;
    uint feature = row.w & FeatureMask;
    if (feature != 0) x[at] = features[(feature - 1) * dim + column];
    else x[at] = scale * dequantize(group - firstGroup, units, column, token % GroupRows);
}
