// A cluster is 8 neighbouring lanes of a subgroup, the smallest subgroup NpcMind runs on. Values pass between its lanes by shuffle at a
// constant index, which is cheap on every device; a wider subgroup is several clusters. A workgroup is one cluster or several.
#extension GL_KHR_shader_subgroup_shuffle : require

uint clusterLane() { return gl_SubgroupInvocationID & (ClusterLanes - 1u); }
uint clusterBase() { return gl_SubgroupInvocationID & ~(ClusterLanes - 1u); }
uint clusterIndex() { return gl_SubgroupID * (gl_SubgroupSize >> ClusterShift) + (gl_SubgroupInvocationID >> ClusterShift); }

float clusterSum(float v) {
    v += subgroupShuffleXor(v, 1u);
    v += subgroupShuffleXor(v, 2u);
    return v + subgroupShuffleXor(v, 4u);
}

float clusterMax(float v) {
    v = max(v, subgroupShuffleXor(v, 1u));
    v = max(v, subgroupShuffleXor(v, 2u));
    return max(v, subgroupShuffleXor(v, 4u));
}
