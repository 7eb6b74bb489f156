#version 460
#extension GL_GOOGLE_include_directive : require
#include "lib/common.glsl"
#include "lib/cluster.glsl"
#include "lib/hadamard.glsl"
#include "lib/kv_layout.glsl"
#include "kv/f32.glsl"
#include "bodies/rope_kv_write.glsl"
