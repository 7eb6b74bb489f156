#version 460
#extension GL_GOOGLE_include_directive : require
#include "scene.glsl"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec4 paint;    // square root of linear rgb, share of the tint
layout(location = 3) in vec4 material; // surface / 255, gloss, glow
layout(location = 4) in vec4 row0;     // model to world, as rows of a 3x4 matrix
layout(location = 5) in vec4 row1;
layout(location = 6) in vec4 row2;
layout(location = 7) in vec4 tint;     // rgb, state
layout(location = 8) in uint id;

layout(location = 0) out vec3 worldPosition;
layout(location = 1) out vec3 worldNormal;
layout(location = 2) out vec3 modelPosition;
layout(location = 3) out vec3 colour;
layout(location = 4) out vec2 glossAndGlow;
layout(location = 5) flat out uvec3 surfaceIdLights;

void main()
{
    vec4 place = vec4(position, 1);
    worldPosition = vec3(dot(row0, place), dot(row1, place), dot(row2, place));
    worldNormal = vec3(dot(row0.xyz, normal), dot(row1.xyz, normal), dot(row2.xyz, normal));
    modelPosition = position;
    colour = mix(paint.rgb * paint.rgb, tint.rgb, paint.a);
    glossAndGlow = vec2(material.y, material.z * tint.w);
    surfaceIdLights = uvec3(uint(material.x * 255 + 0.5), id, uint(scene.room.w));
    gl_Position = view.viewProjection * vec4(worldPosition, 1);
}
