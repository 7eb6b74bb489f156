using System.Runtime.CompilerServices;

// Pre-tokenizer rules and normalisation are tested by themselves: seen through ids alone a wrong split can hide.
[assembly: InternalsVisibleTo("NpcMind.Tests")]
[assembly: InternalsVisibleTo("NpcMind.Cli")] // doctor: how a pre-tokenizer splits
