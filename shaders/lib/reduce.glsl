// Reductions over a workgroup of any number of subgroups of any size. The order is fixed per device: subgroups first, then their results in
// order. Every invocation must call them. A workgroup of one subgroup never meets a barrier.
shared float subgroupResults[128];

// Known when a shader is compiled, where gl_NumSubgroups is not: drivers leave out what comes after.
bool isOneSubgroup() { return gl_WorkGroupSize.x <= gl_SubgroupSize; }

float workgroupSum(float value) {
    value = subgroupAdd(value);
    if (isOneSubgroup()) return value;
    barrier();
    if (subgroupElect()) subgroupResults[gl_SubgroupID] = value;
    barrier();
    float sum = 0.0;
    for (uint i = 0; i < gl_NumSubgroups; i++) sum += subgroupResults[i];
    return sum;
}

shared uint subgroupUnits[128];

uint workgroupSum(uint value) {
    value = subgroupAdd(value);
    if (isOneSubgroup()) return value;
    barrier();
    if (subgroupElect()) subgroupUnits[gl_SubgroupID] = value;
    barrier();
    uint sum = 0;
    for (uint i = 0; i < gl_NumSubgroups; i++) sum += subgroupUnits[i];
    return sum;
}

float workgroupMax(float value) {
    value = subgroupMax(value);
    if (isOneSubgroup()) return value;
    barrier();
    if (subgroupElect()) subgroupResults[gl_SubgroupID] = value;
    barrier();
    float largest = subgroupResults[0];
    for (uint i = 1; i < gl_NumSubgroups; i++) largest = max(largest, subgroupResults[i]);
    return largest;
}
