using System.Globalization;
using Tavern.Game;

namespace Tavern.Play;

/// <summary>
/// Writes down what memory a play takes, every few seconds of game time: what the runtime has in use, the whole process, and blocks of keys
/// and values.
/// </summary>
internal sealed class MemoryLog : IDisposable
{
    private const double Interval = 5, Mebibyte = 1 << 20;
    private readonly StreamWriter _file;
    private double _next;

    public MemoryLog(string path)
    {
        _file = new StreamWriter(path) { AutoFlush = true };
        _file.WriteLine("game_seconds,managed_mib,working_set_mib,kv_blocks,kv_blocks_in_all,model");
    }

    public void Update(GameLoop game)
    {
        if (game.Now < _next) return;
        _next = game.Now + Interval;
        (int free, int all) = game.Overlay.Last.KvBlocks;
        // Collected first: what nobody holds any more is no use of memory.
        double managed = GC.GetTotalMemory(forceFullCollection: true) / Mebibyte, process = Environment.WorkingSet / Mebibyte;
        _file.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
                $"{game.Now:0.0},{managed:0.00},{process:0.0},{all - free},{all},{Path.GetFileName(game.Minds.Model)}"));
    }

    public void Dispose() => _file.Dispose();
}
