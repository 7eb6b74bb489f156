using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Tavern.Game.Tests")]
