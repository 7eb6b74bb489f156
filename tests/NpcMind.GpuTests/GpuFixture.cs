using NpcMind.Gpu;

namespace NpcMind.GpuTests;

/// <summary>
/// One device for all tests, with Khronos validation and synchronization validation (<see cref="Validation"/> says which tests need it).
/// Without a Vulkan device or the validation layer every test fails: nothing
/// is skipped. Tests that must not share it make their own through <see cref="NewDevice"/>.
/// </summary>
[SetUpFixture]
internal sealed class GpuFixture
{
    private static GpuDevice? _device;
    private static GpuDevice? _unvalidated;

    public static GpuDevice Device => _device ?? throw new InvalidOperationException("The fixture has not made its device.");

    /// <summary>Without validation, for what runs with it in other tests.</summary>
    public static GpuDevice Unvalidated => _unvalidated ??= Late(GpuDevice.Create());

    public static GpuDevice NewDevice(string? cacheFolder = null) =>
        GpuDevice.Create(new GpuOptions { Validate = true, CacheFolder = cacheFolder });

    /// <summary>Fails when the validation layer has said anything.</summary>
    public static void CheckValidation(GpuDevice device)
    {
        IReadOnlyList<string> messages = device.ValidationMessages;
        Assert.That(messages, Is.Empty, $"{messages.Count} validation messages, the first: {(messages.Count > 0 ? messages[0] : "")}");
    }

    [OneTimeSetUp]
    public void MakeDevice()
    {
        _device = Late(NewDevice());
        TestContext.Progress.WriteLine($"Device: {_device.Limits.Name}, {_device.Limits.Driver}");
    }

    [OneTimeTearDown]
    public void FreeDevice()
    {
        TinyEngines.DeleteFiles();
        _unvalidated?.Dispose();
        if (_device is null) return;
        _device.Dispose();
        CheckValidation(_device);
    }

    /// <summary>Most tests run few of the pipelines of what they load.</summary>
    private static GpuDevice Late(GpuDevice device)
    {
        device.Pipelines.CompilesLate = true;
        return device;
    }
}

/// <summary>Base of tests on the shared device: each fails when it makes the validation layer speak.</summary>
internal abstract class GpuTest
{
    private int _before;

    protected static GpuDevice Device => GpuFixture.Device;

    [SetUp]
    public void CountMessages() => _before = Device.ValidationMessages.Count;

    [TearDown]
    public void CheckValidationIsSilent()
    {
        IReadOnlyList<string> messages = Device.ValidationMessages;
        Assert.That(messages, Has.Count.EqualTo(_before), $"The validation layer says: {messages.ElementAtOrDefault(_before)}");
    }
}
