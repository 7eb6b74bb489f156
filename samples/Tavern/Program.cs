// The main program comes with the game's loop (issue 7).
return 0;
