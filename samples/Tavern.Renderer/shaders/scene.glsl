// What every shader of the scene is given.
const int MaxLights = 8;

struct Light
{
    vec4 place; // xyz metres, w range
    vec4 power; // rgb at one metre
};

layout(push_constant) uniform View
{
    mat4 viewProjection;
    vec4 eye;
    vec4 viewport; // width, height, their inverses
} view;

layout(std140, set = 0, binding = 0) uniform Surroundings
{
    mat4 shadow;   // world to clip space of the first light
    vec4 room;     // half extent in x and z, height, number of lights
    vec4 ambient;  // rgb, w 1 when the first light casts shadows
    vec4 balance;  // rgb white balance times exposure
    Light lights[MaxLights];
} scene;
