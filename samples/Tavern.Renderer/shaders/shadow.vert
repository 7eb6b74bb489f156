#version 460
#extension GL_GOOGLE_include_directive : require
#include "scene.glsl"

layout(location = 0) in vec3 position;

void main()
{
    Instance self = instances[gl_InstanceIndex];
    vec4 place = vec4(position, 1);
    gl_Position = view.viewProjection * vec4(dot(self.row0, place), dot(self.row1, place), dot(self.row2, place), 1);
}
