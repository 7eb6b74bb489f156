#version 460
#extension GL_GOOGLE_include_directive : require
#include "lib/common.glsl"
#include "quant/iq1_s.glsl"
#include "bodies/embed.glsl"
