// Boards, plaster and stone without textures. The numbers are those of Surface in C#.
const uint Plain = 0, Wood = 1, Floor = 2, Wall = 3, Ceiling = 4, Stone = 5;

float hash(vec2 p)
{
    vec3 q = fract(vec3(p.xyx) * 0.1031);
    q += dot(q, q.yzx + 33.33);
    return fract((q.x + q.y) * q.z);
}

float noise(vec2 p)
{
    vec2 cell = floor(p), f = fract(p);
    f = f * f * (3 - 2 * f);
    return mix(mix(hash(cell), hash(cell + vec2(1, 0)), f.x), mix(hash(cell + vec2(0, 1)), hash(cell + vec2(1, 1)), f.x), f.y);
}

// Factor of the colour. Along a board runs x of uv, across it y; board is its length and width.
vec3 pattern(uint surface, vec3 world, vec3 model, vec3 normal)
{
    vec3 n = abs(normal), m = abs(cross(dFdx(model), dFdy(model)));
    vec2 onModel = m.y > m.x && m.y > m.z ? model.xz : m.x > m.z ? model.yz : model.yx;
    vec2 onWall = n.x > n.z ? world.zy : world.xy;
    bool plaster = surface == Wall && world.y > 0.95;
    vec2 uv = surface == Floor ? world.xz : surface == Ceiling ? world.zx : surface == Wall
        ? (plaster ? onWall : onWall.yx) : surface == Stone ? onModel.yx : onModel;
    vec2 board = surface == Floor ? vec2(1.7, 0.2) : surface == Stone ? vec2(0.34, 0.17) : surface == Wood || plaster
        ? vec2(1e4) : vec2(1e4, 0.2);
    vec2 grain = plaster ? vec2(5) : surface == Stone ? vec2(9) : vec2(2.5, 45);

    float row = floor(uv.y / board.y);
    vec2 place = vec2(uv.x / board.x + hash(vec2(row, 7)), uv.y / board.y);
    float tone = hash(vec2(row, floor(place.x)));
    vec2 toJoint = (0.5 - abs(fract(place) - 0.5)) * board;
    float joint = smoothstep(0.0, 0.012 + fwidth(uv.y), min(toJoint.x, toJoint.y));
    float strength = (plaster ? 0.25 : 0.5) * (1 - smoothstep(0.3, 1.2, fwidth(uv.y) * grain.y)); // finer than a pixel: gone
    float factor = (0.8 + 0.4 * tone) * (1 - strength * 0.5 + strength * noise(uv * grain + tone * 31)) * mix(0.45, 1, joint);
    vec3 panel = surface == Wall && !plaster ? vec3(0.55, 0.38, 0.26) : vec3(1);
    return surface == Plain ? vec3(1) : factor * panel;
}
