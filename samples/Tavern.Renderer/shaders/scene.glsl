// What every shader of the scene is given.
const int MaxLights = 8;

struct Light
{
    vec4 place; // xyz metres, w range
    vec4 power; // rgb at one metre
};

struct Instance
{
    vec4 row0, row1, row2; // model to world, as rows of a 3x4 matrix
    vec4 tint;             // rgb, w state
    uvec4 id;              // x number in the id image
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

layout(std430, set = 0, binding = 1) readonly buffer Instances { Instance instances[]; };
