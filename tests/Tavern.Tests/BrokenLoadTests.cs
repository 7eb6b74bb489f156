using NpcMind;
using NpcMind.Reference;
using Tavern.Renderer;

namespace Tavern.Tests;

public sealed class BrokenLoadTests
{
    /// <summary>As when the window is closed while a model loads.</summary>
    [Test]
    public void Load_Cancelled_LeavesNothingOnGameDevice()
    {
        string folder = Directory.CreateTempSubdirectory("tavern-broken-").FullName, model = Path.Combine(folder, "model.gguf");
        TinyModels.Write(model,
            new TinyModelOptions
            {
                Blocks = 2,
                Embedding = 64,
                Heads = 2,
                KvHeads = 1,
                HeadDimension = 32,
                FeedForward = 96,
                Context = 2048,
                Tokenizer = true,
                ChatTemplate = true
            });
        RenderDevice device = RenderDevice.Create(new RenderDeviceOptions { Validate = true });
        try
        {
            DeviceHandles h = device.Handles;
            NpcRuntimeOptions options = new()
            {
                Host = VulkanHost.UseExisting(h.Instance, h.PhysicalDevice, h.Device, h.Queue, h.QueueFamily, h.QueueLock),
                CacheFolder = "",
            };
            using CancellationTokenSource stop = new();
            Assert.That(() => NpcRuntime.Load(model, options, new StopsAtOnce(stop), stop.Token),
                Throws.TypeOf<OperationCanceledException>());
        }
        finally
        {
            device.Dispose();
            Directory.Delete(folder, recursive: true);
        }

        Assert.That(device.ValidationMessages, Is.Empty);
    }

    private sealed class StopsAtOnce(CancellationTokenSource stop) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => stop.Cancel();
    }
}
