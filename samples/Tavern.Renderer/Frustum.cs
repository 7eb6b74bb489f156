using System.Numerics;

namespace Tavern.Renderer;

/// <summary>What a camera sees: five planes, inside is positive. Far away is not cut.</summary>
internal readonly struct Frustum
{
    private readonly Plane _left, _right, _bottom, _top, _near;

    public Frustum(in Matrix4x4 viewProjection)
    {
        Matrix4x4 columns = Matrix4x4.Transpose(viewProjection);
        Vector4 x = columns.GetRow(0), y = columns.GetRow(1), z = columns.GetRow(2), w = columns.GetRow(3);
        _left = Plane.Normalize(new Plane(w + x));
        _right = Plane.Normalize(new Plane(w - x));
        _bottom = Plane.Normalize(new Plane(w + y));
        _top = Plane.Normalize(new Plane(w - y));
        _near = Plane.Normalize(new Plane(z));
    }

    /// <summary>Whether any of a sphere (its middle and radius) may be seen.</summary>
    public bool Sees(Vector4 sphere)
    {
        Vector3 middle = new(sphere.X, sphere.Y, sphere.Z);
        float least = Math.Min(Math.Min(Plane.DotCoordinate(_left, middle), Plane.DotCoordinate(_right, middle)),
            Math.Min(Plane.DotCoordinate(_bottom, middle), Plane.DotCoordinate(_top, middle)));
        return Math.Min(least, Plane.DotCoordinate(_near, middle)) > -sphere.W;
    }
}
