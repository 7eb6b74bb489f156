// canvas[y, x] = the picture resized to width x height, at the canvas's upper left corner; the rest of the canvas is black.
//   source: pixel(x, y), red, green and blue as bytes, supplied by the entry
//   canvas [canvasHeight, canvasWidth] u32: red in the lowest byte, alpha always 255
//   tables u32: at word `horizontal` the number of taps, then [width] first source pixel, [width] how many, [width, taps] weights times
//   2^22; at `vertical` the rows'
//
// Two passes in one: each source row that a target pixel needs is summed, rounded and clipped to bytes, then those bytes are summed down
// the column, as in Pillow, whose results these are to the bit. Alpha of the source is not looked at.
// One lane per pixel of the canvas; grid (canvasWidth / workgroup size rounded up, canvasHeight, 1).
// Reference: tests/NpcMind.Reference/ResampleByTable.cs
layout(push_constant) uniform Constants {
    uint sourceFirst;  // first pixel and pixels between rows of a source in a buffer
    uint sourceStride;
    uint width;
    uint height;
    uint canvasWidth;
    uint horizontal;
    uint vertical;
    uint pictureX;     // where the picture begins in what is resized, and how large it is; what lies beside it has the colour fill
    uint pictureY;
    uint pictureWidth;
    uint pictureHeight;
    uint fill;
};
layout(binding = 1) uniform usamplerBuffer tables;
layout(binding = 2) writeonly buffer Canvas { uint canvas[]; };

const int Half = 1 << (ResampleBits - 1);
uint table(uint at) { return texelFetch(tables, int(at)).x; }
ivec3 framed(uint x, uint y) {
    x -= pictureX; // below 0 is beyond the width, too
    y -= pictureY;
    return x < pictureWidth && y < pictureHeight ? pixel(x, y) : ivec3(fill & 255, fill >> 8 & 255, fill >> 16 & 255);
}
ivec3 clipped(ivec3 sum) { return clamp(sum >> ResampleBits, 0, 255); }

void main() {
    uint x = gl_GlobalInvocationID.x;
    uint y = gl_WorkGroupID.y;
    if (x >= canvasWidth) return;
    ivec3 color = ivec3(0);
    if (x < width && y < height) {
        uint left = table(horizontal + 1 + x);
        uint columns = table(horizontal + 1 + width + x);
        uint across = horizontal + 1 + 2 * width + x * table(horizontal);
        uint top = table(vertical + 1 + y);
        uint rows = table(vertical + 1 + height + y);
        uint down = vertical + 1 + 2 * height + y * table(vertical);
        ivec3 sum = ivec3(Half);
        for (uint j = 0; j < rows; j++) {
            ivec3 row = ivec3(Half);
            for (uint i = 0; i < columns; i++) row += int(table(across + i)) * framed(left + i, top + j);
            sum += int(table(down + j)) * clipped(row);
        }
        color = clipped(sum);
    }
    canvas[y * canvasWidth + x] = uint(color.r) | uint(color.g) << 8 | uint(color.b) << 16 | 0xFF000000u;
}
