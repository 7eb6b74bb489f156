// What a product reads of x, normalized if it is. Needs Normalizes, x, norm, xStride, dim and epsilon.

// 1 / root mean square of the row of x that begins at a texel.
float inverseRms(uint from) {
    precise float squares = 0.0;
    for (uint i = gl_LocalInvocationID.x; i < xStride; i += gl_WorkGroupSize.x) {
        vec4 v = texelFetch(x, int(from + i));
        squares += dot(v, v);
    }
    precise float shifted = workgroupSum(squares) / float(dim) + epsilon; // the same bits in every kernel
    return 1.0 / sqrt(shifted);
}

// Four activations of a row of x, normalized if so: those at texel `at`, counted from texel `from`, which this lane begins with.
vec4 activations(int from, int at, uint lane, float inverse) {
    precise vec4 v = texelFetch(x, from + at);
    if (Normalizes) v = v * inverse * texelFetch(norm, at + int(lane));
    return v;
}
