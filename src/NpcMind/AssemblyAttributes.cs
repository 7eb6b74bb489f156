using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcMind.Tests")]
[assembly: InternalsVisibleTo("NpcMind.GpuTests")]
[assembly: InternalsVisibleTo("NpcMind.SaveVictim")]
