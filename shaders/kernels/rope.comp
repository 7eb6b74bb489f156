#version 460
#extension GL_GOOGLE_include_directive : require
// Rotates query and key heads in place: (a, b) -> (a cos - b sin, a sin + b cos) for each pair of the first 2 * pairs elements of a head.
//   q [rows, qStride] f32 read-write   k [rows, kStride] f32 read-write   turns [rows, pairs] (cos, sin), made on the host in double
// neox 0: pair i is (2i, 2i+1) (RoFormer);  neox 1: pair i is (i, i + pairs) (GPT-NeoX).
// Grid ((heads + kvHeads) * pairs / workgroup size rounded up, rows, 1).  Su et al. 2021.  Reference: tests/NpcMind.Reference/Rope.cs
#include "lib/common.glsl"

layout(push_constant) uniform Constants {
    uint heads;
    uint kvHeads;
    uint headDim;
    uint pairs;
    uint neox;
    uint qStride;
    uint kStride;
};
layout(binding = 0) buffer Q { float q[]; };
layout(binding = 1) buffer K { float k[]; };
layout(binding = 2) readonly buffer Turns { vec2 turns[]; };

vec2 turned(float a, float b, vec2 turn) { return vec2(a * turn.x - b * turn.y, a * turn.y + b * turn.x); }

void main() {
    uint row = gl_WorkGroupID.y;
    uint head = gl_GlobalInvocationID.x / pairs;
    uint pair = gl_GlobalInvocationID.x % pairs;
    if (head >= heads + kvHeads) return;
    vec2 turn = turns[row * pairs + pair];
    uint first = neox != 0 ? pair : 2 * pair;
    uint second = neox != 0 ? pair + pairs : 2 * pair + 1;
    if (head < heads) {
        uint at = row * qStride + head * headDim;
        vec2 t = turned(q[at + first], q[at + second], turn);
        q[at + first] = t.x;
        q[at + second] = t.y;
    } else {
        uint at = row * kStride + (head - heads) * headDim;
        vec2 t = turned(k[at + first], k[at + second], turn);
        k[at + first] = t.x;
        k[at + second] = t.y;
    }
}
