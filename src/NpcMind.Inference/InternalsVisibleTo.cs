using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("NpcMind.GpuTests")]
[assembly: InternalsVisibleTo("NpcMind.Benchmarks")]
[assembly: InternalsVisibleTo("NpcMind.Cli")] // doctor: the shape of a step, to predict what it costs
