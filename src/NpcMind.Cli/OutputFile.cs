using NpcMind.Core;

namespace NpcMind.Cli;

/// <summary>Files that verbs write, checked before the work whose results go into them.</summary>
internal static class OutputFile
{
    /// <summary>Throws if a file cannot be written; leaves what stands there as it is.</summary>
    /// <param name="option">Option that names it.</param>
    /// <param name="path">The file; null for none.</param>
    public static void Check(string option, string? path)
    {
        if (path is null) return;
        string where = $"{option} {path}";
        string? other = RegularFile.Kind(path);
        if (other == "a folder") throw new CliException($"{where}: this is a folder. Give the path of a file in it.");
        if (other is not null) return; // a pipe or device is opened once
        try
        {
            bool isNew = !File.Exists(path);
            using FileStream stream = new(path, isNew ? FileMode.CreateNew : FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 1,
                isNew ? FileOptions.DeleteOnClose : FileOptions.None);
        }
        catch (DirectoryNotFoundException)
        {
            throw new CliException($"{where}: there is no such folder. Create it, or give another path.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException($"{where}: the file may not be written. Check the permissions of file and folder.");
        }
        catch (IOException e)
        {
            throw new CliException($"{where}: the file cannot be written ({e.Message}). Give another path.");
        }
    }
}
