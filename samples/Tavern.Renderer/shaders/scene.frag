#version 460
#extension GL_GOOGLE_include_directive : require
#include "shading.glsl"

layout(location = 0) out vec4 picture;

void main() { picture = vec4(shade(), 1); }
