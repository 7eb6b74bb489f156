using System.CommandLine;
using NpcMind.Gpu;

namespace NpcMind.Cli;

/// <summary><c>npcmind devices</c>: what <c>--device</c> can choose from.</summary>
internal static class DevicesVerb
{
    public static Command Create()
    {
        Command command = new("devices", "Lists the Vulkan devices.");
        command.SetAction(_ =>
        {
            foreach (GpuInfo device in GpuDevice.List())
                Console.WriteLine($"{device.Index}  {device.Name}  ({device.Kind}; {device.Driver})");
            return 0;
        });
        return command;
    }
}
