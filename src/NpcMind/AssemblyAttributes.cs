using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcMind.Tests")]
[assembly: InternalsVisibleTo("NpcMind.GpuTests")]
[assembly: InternalsVisibleTo("NpcMind.SaveVictim")]
[assembly: InternalsVisibleTo("NpcMind.Cli")] // doctor: the costs that the runtime keeps
