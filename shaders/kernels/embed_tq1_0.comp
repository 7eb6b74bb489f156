#version 460
#extension GL_GOOGLE_include_directive : require
#include "lib/common.glsl"
#include "quant/tq1_0.glsl"
#include "bodies/embed.glsl"
