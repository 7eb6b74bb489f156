#version 460
#extension GL_GOOGLE_include_directive : require
#include "lib/common.glsl"
#include "quant/tq2_0.glsl"
#include "bodies/embed.glsl"
