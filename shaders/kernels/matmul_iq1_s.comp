#version 460
#extension GL_GOOGLE_include_directive : require
#include "lib/common.glsl"
#include "lib/cluster.glsl"
#include "quant/iq1_s.glsl"
#include "bodies/matmul.glsl"
