// One quad of the overlay: a glyph, a rounded box or a line. The numbers are those of QuadKind in C#.
const uint Glyph = 0, Box = 1, Line = 2;
