using System.Runtime.InteropServices;
using NpcMind.Gpu;
using Silk.NET.Core.Contexts;

namespace NpcMind.GpuTests.Faults;

/// <summary>
/// Stands between the library and the Vulkan loader while it lives: every call of a function that makes, frees or can fail is passed on
/// and counted, and chosen ones fail. Functions that
/// only record commands are not touched: they cannot fail. Devices made meanwhile keep it for good, others never see it.
/// </summary>
internal sealed unsafe class FaultDriver : IDisposable
{
    private const int Success = 0;

    /// <summary>Delegates that drivers hold must outlive every device made through them.</summary>
    private static readonly List<Call> Kept = [];

    /// <summary>Calls that return a VkResult; the rest returns nothing.</summary>
    private static readonly string[] Failing =
    [
        "vkCreate", "vkAllocate", "vkBind", "vkMap", "vkQueue", "vkWait", "vkGetSemaphoreCounterValue", "vkBegin", "vkEnd", "vkReset",
        "vkDeviceWaitIdle", "vkGetPipelineCacheData", "vkGetQueryPoolResults", "vkEnumerate",
    ];

    private readonly Dictionary<string, int> _calls = [];
    private readonly Dictionary<string, int> _made = [];
    private string? _failing;
    private int _at;
    private int _result;
    private bool _forGood;

    public FaultDriver() => VulkanLoader.Interposer = context => new Context(this, context);

    // Eight arguments are as many as any of these functions has; those that it lacks are handed on and looked at by nobody.
    private delegate nint Call(nint a, nint b, nint c, nint d, nint e, nint f, nint g, nint h);

    /// <summary>Calls so far, by function.</summary>
    public IReadOnlyDictionary<string, int> Calls => _calls;

    /// <summary>Calls that were made to fail.</summary>
    public int Failed { get; private set; }

    /// <summary>Objects made and not freed, by kind; empty when all is free.</summary>
    public string Leaks => string.Join(", ", _made.Where(m => m.Value != 0).Select(m => $"{m.Value} {m.Key}"));

    /// <summary>Lets the <paramref name="after"/>-th call from now on fail, or every one from it on.</summary>
    public void Fail(string function, int after, bool forGood, int result = -1)
    {
        (_failing, _at, _forGood, _result) = (function, _calls.GetValueOrDefault(function) + after, forGood, result);
        Failed = 0;
    }

    public void Clear() => _failing = null;

    public void Dispose() => VulkanLoader.Interposer = null;

    /// <summary>Functions whose calls can fail, with how often each was called while <paramref name="scenario"/> ran.</summary>
    public (string Function, int Count)[] Count(Action scenario)
    {
        Dictionary<string, int> before = new(_calls);
        scenario();
        return [.. _calls.Where(c => CanFail(c.Key)).Select(c => (c.Key, c.Value - before.GetValueOrDefault(c.Key)))
            .Where(c => c.Item2 > 0).OrderBy(c => c.Key, StringComparer.Ordinal)];
    }

    private static bool CanFail(string function) => Failing.Any(f => function.StartsWith(f, StringComparison.Ordinal));

    private nint Intercept(string function, nint address)
    {
        bool canFail = CanFail(function);
        bool makes = function.StartsWith("vkCreate", StringComparison.Ordinal) || function == "vkAllocateMemory";
        bool frees = function.StartsWith("vkDestroy", StringComparison.Ordinal) || function == "vkFreeMemory";
        if (!canFail && !frees) return address;
        string kind = function.Replace("vkCreate", "", StringComparison.Ordinal).Replace("vkDestroy", "", StringComparison.Ordinal)
            .Replace("vkAllocate", "", StringComparison.Ordinal).Replace("vkFree", "", StringComparison.Ordinal)
            .Replace("ComputePipelines", "Pipeline", StringComparison.Ordinal);
        bool ownsFirst = kind is "Device" or "Instance"; // destroyed by their own handle, the others by the second argument
        var real = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, nint>)address;
        Call call = (a, b, c, d, e, f, g, h) =>
        {
            int number;
            lock (_calls)
            {
                number = _calls[function] = _calls.GetValueOrDefault(function) + 1;
                if (frees && (ownsFirst ? a : b) != 0) _made[kind] = _made.GetValueOrDefault(kind) - 1;
                if (canFail && function == _failing && (number == _at || (_forGood && number > _at)))
                {
                    Failed++;
                    return _result;
                }
            }

            nint result = real(a, b, c, d, e, f, g, h);
            if (makes && (int)result == Success)
                lock (_calls) _made[kind] = _made.GetValueOrDefault(kind) + 1;
            return result;
        };
        lock (Kept) Kept.Add(call);
        return Marshal.GetFunctionPointerForDelegate(call);
    }

    private sealed class Context(FaultDriver driver, INativeContext inner) : INativeContext
    {
        public nint GetProcAddress(string proc, int? slot = null) => driver.Intercept(proc, inner.GetProcAddress(proc, slot));

        public bool TryGetProcAddress(string proc, out nint addr, int? slot = null)
        {
            bool found = inner.TryGetProcAddress(proc, out addr, slot);
            if (found) addr = driver.Intercept(proc, addr);
            return found;
        }

        public void Dispose() => inner.Dispose();
    }
}
