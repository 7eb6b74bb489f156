namespace Tavern.Game;

/// <summary>Looks once a second whether a world file was written.</summary>
public sealed class WorldWatcher(string path)
{
    private const double Interval = 1;
    private DateTime _seen = File.GetLastWriteTimeUtc(path);
    private double _next;

    public string Path => path;

    /// <summary>
    /// Whether the file was written since the last call that said so. A file that is gone for a moment, as some editors have it, was not.
    /// </summary>
    /// <param name="now">Seconds.</param>
    public bool HasChanged(double now)
    {
        if (now < _next) return false;
        _next = now + Interval;
        DateTime written = File.GetLastWriteTimeUtc(path);
        if (written == _seen || !File.Exists(path)) return false;
        _seen = written;
        return true;
    }
}
