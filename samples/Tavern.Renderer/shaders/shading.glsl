// Colour of a fragment: material, lights, shadow, corner darkening, mist, tone curve.
#include "scene.glsl"
#include "surfaces.glsl"

layout(location = 0) in vec3 worldPosition;
layout(location = 1) in vec3 worldNormal;
layout(location = 2) in vec3 modelPosition;
layout(location = 3) in vec3 colour;
layout(location = 4) in vec2 glossAndGlow;
// The number of lights comes this way because lavapipe compiles anew for each draw when a uniform bounds a loop.
layout(location = 5) flat in uvec3 surfaceIdLights;

layout(set = 0, binding = 1) uniform sampler2DShadow shadowMap;

// Share of the first light that arrives. Outside its downward cone nothing is in shadow.
float firstLight(vec3 normal)
{
    vec4 clip = scene.shadow * vec4(worldPosition + normal * 0.025, 1);
    vec3 place = vec3(clip.xy / clip.w * 0.5 + 0.5, clip.z / clip.w);
    vec2 texel = vec2(0.7) / vec2(textureSize(shadowMap, 0));
    float lit = 0.25 * (texture(shadowMap, place + vec3(texel, 0)) + texture(shadowMap, place - vec3(texel, 0))
        + texture(shadowMap, place + vec3(texel.x, -texel.y, 0)) + texture(shadowMap, place + vec3(-texel.x, texel.y, 0)));
    vec2 toEdge = min(place.xy, 1 - place.xy);
    float inside = clip.w > 0.1 ? smoothstep(0.0, 0.06, min(toEdge.x, toEdge.y)) * scene.ambient.w : 0;
    return mix(1, lit, inside);
}

// Darker where walls, floor and ceiling meet; a surface does not darken itself.
float openness(vec3 normal)
{
    vec2 toWall = max(scene.room.xy - abs(worldPosition.xz), 0);
    vec4 gap = vec4(toWall, max(worldPosition.y, 0), max(scene.room.z - worldPosition.y, 0));
    vec4 dark = 0.45 * exp2(-6 * gap) * (1 - abs(normal.xzyy));
    return (1 - dark.x) * (1 - dark.y) * (1 - dark.z) * (1 - dark.w);
}

vec3 toneCurve(vec3 x)
{
    return clamp(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1); // Narkowicz's fit of ACES
}

vec3 shade()
{
    vec3 normal = normalize(worldNormal);
    vec3 toEye = view.eye.xyz - worldPosition;
    float distance = length(toEye);
    toEye /= distance;
    vec3 albedo = colour * pattern(surfaceIdLights.x, worldPosition, modelPosition, normal);

    float hemisphere = 0.75 + 0.25 * normal.y + 0.5 * max(dot(normal, toEye), 0);
    vec3 light = scene.ambient.rgb * hemisphere * openness(normal);
    vec3 shine = vec3(0);
    float arriving = firstLight(normal);
    for (uint i = 0; i < surfaceIdLights.z; i++)
    {
        vec3 toLight = scene.lights[i].place.xyz - worldPosition;
        float square = dot(toLight, toLight);
        float away = sqrt(square);
        toLight /= away;
        float fade = clamp(1 - away / scene.lights[i].place.w, 0, 1);
        vec3 power = scene.lights[i].power.rgb * (fade * fade * (3 - 2 * fade) / max(square, 0.09)) * (i == 0 ? arriving : 1);
        light += power * max(dot(normal, toLight) * 0.85 + 0.15, 0);
        float gleam = max(dot(normal, normalize(toLight + toEye)), 0);
        gleam *= gleam; gleam *= gleam; gleam *= gleam; gleam *= gleam; gleam *= gleam;
        shine += power * gleam;
    }

    vec3 radiance = albedo * light + shine * glossAndGlow.x * 0.25 + colour * glossAndGlow.y * 6;
    radiance = mix(radiance, scene.ambient.rgb * 0.25, 1 - exp2(-0.02 * distance));
    vec2 fromMiddle = gl_FragCoord.xy * view.viewport.zw - 0.5;
    return toneCurve(radiance * scene.balance.rgb * (1 - 0.45 * dot(fromMiddle, fromMiddle)));
}
