using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcMind.GpuTests")]
[assembly: InternalsVisibleTo("NpcMind.Benchmarks")]
