using System.ComponentModel;
using System.Diagnostics;

namespace Tavern.Renderer;

/// <summary>
/// Folders of shader sources that are followed while a game runs. <see cref="Compile"/> turns them into SPIR-V, which pipelines made later
/// use instead of what is built in (<see cref="RenderDevice.Shaders"/>). For work on shaders: it needs glslc, and a frame waits while it
/// works.
/// </summary>
public sealed class ShaderSources
{
    private readonly Dictionary<string, byte[]> _compiled = new(StringComparer.Ordinal);
    private readonly DirectoryInfo[] _folders;
    private DateTime _seen;
    private long _looked = Stopwatch.GetTimestamp();

    /// <param name="folders">Each with *.vert and *.frag, and the *.glsl that they include.</param>
    public ShaderSources(IEnumerable<string> folders)
    {
        _folders = [.. folders.Select(f => new DirectoryInfo(f))];
        foreach (DirectoryInfo folder in _folders)
            if (!folder.Exists)
                throw new RenderException($"There is no folder of shaders '{folder.FullName}'. Name one with *.vert and *.frag files.");
        _seen = Newest();
    }

    /// <summary>SPIR-V of a shader ("scene.frag"), as last compiled; null when it has not been.</summary>
    public byte[]? Find(string name) => _compiled.GetValueOrDefault(name);

    /// <summary>Whether a source was written since the last call that said so. Looks twice a second.</summary>
    public bool HaveChanged()
    {
        if (Stopwatch.GetElapsedTime(_looked).TotalSeconds < 0.5) return false;
        _looked = Stopwatch.GetTimestamp();
        DateTime newest = Newest();
        if (newest == _seen) return false;
        _seen = newest;
        return true;
    }

    /// <summary>Compiles all shaders of the folders.</summary>
    /// <exception cref="RenderException">One cannot be compiled: its file, line and error. All stay as they were.</exception>
    public void Compile()
    {
        Dictionary<string, byte[]> compiled = new(StringComparer.Ordinal);
        foreach (FileInfo source in Sources().Where(s => s.Extension is ".vert" or ".frag")) compiled[source.Name] = CompileOne(source);
        foreach ((string name, byte[] code) in compiled) _compiled[name] = code;
    }

    private static byte[] CompileOne(FileInfo source)
    {
        // As samples/Shaders.targets does.
        ProcessStartInfo info = new("glslc",
            ["--target-env=vulkan1.3", "-O", "-Werror", "-I", source.DirectoryName!, source.FullName, "-o", "-"])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process glslc = Process.Start(info)!;
            Task<string> problems = glslc.StandardError.ReadToEndAsync();
            using MemoryStream code = new();
            glslc.StandardOutput.BaseStream.CopyTo(code);
            glslc.WaitForExit();
            return glslc.ExitCode == 0
                ? code.ToArray()
                : throw new RenderException(problems.Result.Split('\n')[0]
                    .Replace(source.DirectoryName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
        }
        catch (Win32Exception e)
        {
            throw new RenderException(
                $"glslc, which compiles shaders, does not start: {e.Message} (Debian, Ubuntu: apt-get install glslc).");
        }
    }

    private DateTime Newest() => Sources().Select(s => s.LastWriteTimeUtc).DefaultIfEmpty().Max();

    private IEnumerable<FileInfo> Sources() => _folders.SelectMany(f => f.GetFiles())
        .Where(f => f.Extension is ".vert" or ".frag" or ".glsl");
}
