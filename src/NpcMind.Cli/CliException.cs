namespace NpcMind.Cli;

/// <summary>A wrong use of the command line that only the verb itself can see.</summary>
internal sealed class CliException(string message) : Exception(message);
