// Walsh-Hadamard transform of blocks of quads in a cluster's registers: a quad is in v[quad / 8] of lane quad % 8. Additions and
// subtractions in a fixed order, then one multiplication; it is its own inverse up to rounding. A head is rotated in blocks of the largest
// power of two that divides its size.
// Ashkboos et al. 2024 (QuaRot).
#define HADAMARD_QUADS(quads) ((quads) & (~(quads) + 1u))

// One lane's quad, with its neighbours in the cluster.
vec4 hadamardInCluster(vec4 v, uint quads) {
    v = vec4(v.x + v.y, v.x - v.y, v.z + v.w, v.z - v.w);
    v = vec4(v.xy + v.zw, v.xy - v.zw);
    [[unroll]] for (uint bit = 1; bit < min(quads, ClusterLanes); bit *= 2) {
        vec4 other = subgroupShuffleXor(v, bit);
        v = (clusterLane() & bit) == 0 ? v + other : other - v;
    }
    return v;
}

// The quads of all lanes: v[chunks], blocks of `quads` quads.
#define HADAMARD(v, chunks, quads) \
    [[unroll]] for (uint k = 0; k < chunks; k++) v[k] = hadamardInCluster(v[k], quads); \
    [[unroll]] for (uint step = 1; step < quads / ClusterLanes; step *= 2) \
        [[unroll]] for (uint k = 0; k < chunks; k++) \
            if ((k & step) == 0) { \
                vec4 sum = v[k] + v[k + step]; \
                v[k + step] = v[k] - v[k + step]; \
                v[k] = sum; \
            } \
    [[unroll]] for (uint k = 0; k < chunks; k++) v[k] *= 1.0 / sqrt(float(quads * 4));
