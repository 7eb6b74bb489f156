#version 460
#extension GL_GOOGLE_include_directive : require
#include "shading.glsl"

layout(location = 0) out vec4 picture;
layout(location = 1) out uint id;

void main()
{
    picture = vec4(shade(), 1);
    id = surfaceIdLights.y;
}
