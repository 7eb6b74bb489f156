using Tavern.Renderer;

namespace Tavern.Tests;

/// <summary>One device for all tests, with Khronos validation and synchronization validation.</summary>
[SetUpFixture]
public sealed class RenderFixture
{
    private static RenderDevice? _device;
    private static PictureMaker? _maker;

    public static RenderDevice Device => _device ?? throw new InvalidOperationException("The fixture has not made its device.");

    public static PictureMaker Maker => _maker ??= new PictureMaker(Device);

    [OneTimeSetUp]
    public void Open() => _device = RenderDevice.Create(new RenderDeviceOptions { Validate = true });

    [OneTimeTearDown]
    public void Close()
    {
        _maker?.Dispose();
        IReadOnlyList<string> messages = Device.ValidationMessages;
        Device.Dispose();
        Assert.That(messages, Is.Empty);
    }
}

/// <summary>Base of tests that draw: each fails when it makes the validation layer speak.</summary>
public abstract class RenderTest
{
    [TearDown]
    public void CheckValidationIsSilent() => Assert.That(RenderFixture.Device.ValidationMessages, Is.Empty);
}
