using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace NpcMind.Benchmarks;

/// <summary>Which files of a .NET runtime programs need: half of it stays behind where every megabyte counts.</summary>
internal static class FrameworkClosure
{
    /// <summary>Native libraries that no assembly refers to, and what the runtime itself loads by name.</summary>
    private static readonly string[] Always =
    [
        "System.Private.CoreLib.dll", "System.Private.Uri.dll", "libcoreclr.so", "libclrjit.so", "libhostpolicy.so", "libSystem.Native.so",
        "libSystem.IO.Compression.Native.so", "libSystem.Security.Cryptography.Native.OpenSsl.so", "Microsoft.NETCore.App.deps.json",
        "Microsoft.NETCore.App.runtimeconfig.json",
    ];

    /// <summary>
    /// What packages refer to for what is not done here: networks, databases, data contracts. Pipes to processes need sockets.
    /// </summary>
    private static readonly HashSet<string> Unused =
    [
        "System.Data.Common", "System.Private.DataContractSerialization", "System.Net.Http", "System.Net.HttpListener",
        "System.Net.Mail", "System.Net.Ping",
        "System.Net.Requests", "System.Net.Security", "System.Net.WebClient", "System.Net.WebSockets", "System.Net.WebSockets.Client",
        "System.Transactions.Local",
    ];

    /// <summary>
    /// Prints the paths of all files that the assemblies <paramref name="roots"/> reach, a line each: of their own folder, then of
    /// <paramref name="framework"/>.
    /// </summary>
    public static void Print(string framework, string programs, string[] roots)
    {
        IEnumerable<string> always = Always.Select(f => Path.Combine(framework, f)).Where(File.Exists);
        HashSet<string> needed = [.. always, .. roots.Select(r => Path.Combine(programs, r))];
        Stack<string> open = new(needed.Where(f => f.EndsWith(".dll", StringComparison.Ordinal)));
        while (open.TryPop(out string? assembly))
            foreach (string reference in References(assembly))
            {
                string own = Path.Combine(programs, reference + ".dll");
                string path = File.Exists(own) ? own : Path.Combine(framework, reference + ".dll");
                if (!Unused.Contains(reference) && File.Exists(path) && needed.Add(path)) open.Push(path);
            }

        foreach (string file in needed.Order(StringComparer.Ordinal)) Console.WriteLine(file);
    }

    private static List<string> References(string assembly)
    {
        using FileStream stream = File.OpenRead(assembly);
        using PEReader pe = new(stream);
        if (!pe.HasMetadata) return [];
        MetadataReader metadata = pe.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name))];
    }
}
