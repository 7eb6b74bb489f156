#version 460
#extension GL_GOOGLE_include_directive : require
#include "scene.glsl"

layout(location = 0) in vec3 position;
layout(location = 4) in vec4 row0;
layout(location = 5) in vec4 row1;
layout(location = 6) in vec4 row2;

void main()
{
    vec4 place = vec4(position, 1);
    gl_Position = view.viewProjection * vec4(dot(row0, place), dot(row1, place), dot(row2, place), 1);
}
