#version 460
#extension GL_GOOGLE_include_directive : require
#include "lib/common.glsl"
#include "quant/mxfp4.glsl"
#include "bodies/embed.glsl"
