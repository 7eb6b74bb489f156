using NpcMind;
// The Tavern: a small world whose people talk and see, on an embedded model. With a window, or --headless with a script.
using Tavern.Game;
using Tavern.Play;
using Tavern.Renderer;
using Tavern.Windows;

try
{
    return PlayOptions.Run(args, options => options.Headless ? HeadlessPlay.Run(options) : WindowPlay.Run(options));
}
catch (NoDisplayException e)
{
    Console.Error.WriteLine("tavern: " + e.Message);
    return NoDisplayException.ExitCode;
}
catch (Exception e) when (e is NpcMindException or WorldFileException or ScriptException or SaveGameException or RenderException
    or IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or DllNotFoundException)
{
    Console.Error.WriteLine($"tavern: {e.Message.ReplaceLineEndings(" ")}");
    return 1;
}
catch (GameEndedException e)
{
    Console.Error.WriteLine($"tavern: {e.Message.ReplaceLineEndings(" ")}");
    if (e.IsUnforeseen) Console.Error.WriteLine(e.InnerException);
    return 1;
}
