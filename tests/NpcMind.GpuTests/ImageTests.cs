using System.Runtime.InteropServices;
using NpcMind.Gpu;
using NpcMind.Inference;
using Silk.NET.Vulkan;

namespace NpcMind.GpuTests;

/// <summary>A game's images as sources of kernels.</summary>
internal sealed class ImageTests : GpuTest, IDisposable
{
    private KernelRig _rig = null!;

    [OneTimeSetUp]
    public void MakeRig() => _rig = new KernelRig(Device);

    public void Dispose() => _rig?.Dispose();

    [Test]
    public void Reflection_ShaderWithImages_ReportsThem()
    {
        IReadOnlyList<ShaderBinding> bindings = KernelLibrary.ReadModule("resample_image").Bindings;
        Assert.That(bindings.Select(b => b.Kind), Is.EqualTo(new[] { BindingKind.Image, BindingKind.Texels, BindingKind.Storage }));
        Assert.That(bindings[0], Is.EqualTo(new ShaderBinding(0, "source", BindingAccess.Read, BindingKind.Image)));
    }

    [TestCase(Format.R8G8B8A8Unorm, ImageLayoutKind.ShaderReadOnly)]
    [TestCase(Format.R8G8B8A8Srgb, ImageLayoutKind.ShaderReadOnly)]
    [TestCase(Format.B8G8R8A8Unorm, ImageLayoutKind.General)]
    [TestCase(Format.B8G8R8A8Srgb, ImageLayoutKind.General)]
    public void Resample_ByteFormats_SeeEveryByteAsStored(Format format, ImageLayoutKind layout)
    {
        byte[] texels = [.. Enumerable.Range(0, 256).SelectMany(i => new[] { (byte)i, (byte)(255 - i), (byte)(i * 7), (byte)(i * 3) })];
        bool blueFirst = format is Format.B8G8R8A8Unorm or Format.B8G8R8A8Srgb;
        using TestImage image = new(Device, 16, 16, format, texels, layout);
        byte[] seen = See(image.Handle);
        for (int i = 0; i < 256; i++)
        {
            byte[] expected = [texels[i * 4 + (blueFirst ? 2 : 0)], texels[i * 4 + 1], texels[i * 4 + (blueFirst ? 0 : 2)], 255];
            Assert.That(seen[(i * 4)..(i * 4 + 4)], Is.EqualTo(expected), $"texel {i}");
        }
    }

    [Test]
    public void Resample_TenBitFormat_RoundsToEightBits()
    {
        uint[] values = [.. Enumerable.Range(0, 1024).Select(i => (uint)(i | (1023 - i) << 10 | (i * 5 & 1023) << 20))];
        using TestImage image = new(Device, 64, 16, Format.A2B10G10R10UnormPack32, MemoryMarshal.AsBytes(values.AsSpan()));
        byte[] seen = See(image.Handle);
        for (int i = 0; i < 1024; i++)
            for (int c = 0; c < 3; c++)
                Assert.That(seen[i * 4 + c], Is.EqualTo((byte)Math.Round((values[i] >> (10 * c) & 1023) * 255 / 1023.0)),
                    $"value {i}, channel {c}");
    }

    [TestCase(null)]
    [TestCase(true)]
    [TestCase(false)]
    public void Resample_Floats_AreClampedAndEncodedUnlessEncoded(bool? linear)
    {
        Half[] values = [Half.NaN, Half.NegativeInfinity, (Half)(-0.5f), (Half)0f, (Half)0.0031f, (Half)0.0032f, (Half)0.2f, (Half)0.5f,
            (Half)0.99f, (Half)1f, (Half)7f, Half.PositiveInfinity];
        Half[] texels = [.. values.SelectMany(v => new[] { v, Half.One, v, Half.Zero })];
        using TestImage image = new(Device, values.Length, 1, Format.R16G16B16A16Sfloat, MemoryMarshal.AsBytes(texels.AsSpan()));
        byte[] seen = See(image.Handle with { IsLinear = linear });
        for (int i = 0; i < values.Length; i++)
        {
            double v = (float)values[i] > 0 ? Math.Min((double)values[i], 1) : 0;
            if (linear ?? true) v = v <= 0.0031308 ? 12.92 * v : 1.055 * Math.Pow(v, 1 / 2.4) - 0.055;
            Assert.That(seen[(i * 4)..(i * 4 + 4)],
                Is.EqualTo(new byte[] { (byte)Math.Round(v * 255), 255, (byte)Math.Round(v * 255), 255 }), $"{values[i]}");
        }
    }

    [Test]
    public void ExternalImage_UnsupportedFormat_IsRefusedByName()
    {
        ExternalImage good = new(1, 4, 4, (uint)Format.R8G8B8A8Unorm);
        Assert.That(() => good.Check(), Throws.Nothing);
        Assert.That(() => (good with { Format = (uint)Format.D32Sfloat }).Check(),
            Throws.ArgumentException.With.Message.Contains("D32Sfloat").And.Message.Contains("R16G16B16A16Sfloat"));
        Assert.That(() => (good with { Image = 0 }).Check(), Throws.ArgumentException);
        Assert.That(() => (good with { Height = 0 }).Check(), Throws.ArgumentException);
        Assert.That(() => _rig.Library.Pipeline("activation", ("workgroupSize", 8u), ("Form", 0u)).Node("x", null, [_rig.Nothing]),
            Throws.ArgumentException);
        Assert.That(() => _rig.Library.Pipeline("resample_image", ("workgroupSize", 8u), ("Encode", 0u))
            .Node("x", null, [_rig.Nothing.As(TexelFormat.UInt1), _rig.Nothing]),
            Throws.ArgumentException.With.Message.Contains("fetches 1 images"));
    }

    [Test]
    public void Free_Nodes_ReleasesTheirDescriptorSets()
    {
        ComputePipeline pipeline = _rig.Library.Pipeline("activation", ("workgroupSize", 8u), ("Form", 2u));
        Tensor x = _rig.Floats([1, 2, 3, 4]).As(TexelFormat.Float4), y = _rig.Empty(16), z = _rig.Empty(16);
        DispatchNode first = pipeline.Node("first", [x, y], ("quads", 1u));
        ulong set = first.Set.Handle;
        first.Free();
        first.Free();
        DispatchNode second = pipeline.Node("second", [x, z], ("quads", 1u)), third = pipeline.Node("third", [x, y], ("quads", 1u));
        Assert.That(second.Set.Handle, Is.EqualTo(set));
        Assert.That(third.Set.Handle, Is.Not.EqualTo(set));
        _rig.Run([new GraphNode([second], _ => new Grid(1))], MatMulCases.Step(1));
        Assert.That(_rig.ReadFloats(z, 4)[3], Is.EqualTo(3.9956f).Within(1e-3));
        Assert.That(_rig.ReadFloats(y, 4), Is.All.Zero);
        second.Free();
        third.Free();
    }

    [Test]
    public void Transfers_Copies_AreCounted()
    {
        Tensor a = _rig.Empty(256), b = _rig.Empty(256);
        using GpuBuffer host = Device.Memory.Allocate(256, MemoryKind.Readback, "host");
        using CommandRecorder recorder = new(Device, "transfers");
        using Timeline timeline = new(Device, "transfers");
        _rig.Run([], MatMulCases.Step(1)); // what the rig had to upload
        long before = Device.Transfers;
        recorder.Begin();
        recorder.Copy(a, b, 256);
        Assert.That(Device.Transfers, Is.EqualTo(before));
        recorder.Copy(b, host.Whole, 100);
        recorder.Copy(b, host.Whole, [new CopyPart(0, 100, 40), new CopyPart(40, 200, 8)]);
        recorder.Update(a, new byte[12]);
        recorder.End();
        timeline.Wait(timeline.Submit(recorder));
        Assert.That(Device.Transfers - before, Is.EqualTo(100 + 48 + 12));
    }

    /// <summary>What the resize of a picture to its own size gives.</summary>
    private byte[] See(ExternalImage image)
    {
        using ImageView2D view = new(Device, image);
        uint[] across = Identity(image.Width);
        Tensor canvas = _rig.Empty(image.Width * image.Height * 4),
            tables = _rig.Words([.. across, .. Identity(image.Height)]).As(TexelFormat.UInt1);
        DispatchNode node = _rig.Library.Pipeline("resample_image", ("workgroupSize", 8u), ("Encode", view.FetchIsLinear ? 1u : 0u)).Node(
            "resample", view, [tables, canvas],
            ("sourceFirst", 0u), ("sourceStride", 0u), ("width", (uint)image.Width), ("height", (uint)image.Height),
            ("canvasWidth", (uint)image.Width), ("horizontal", 0u), ("vertical", (uint)across.Length),
            ("pictureX", 0u), ("pictureY", 0u), ("pictureWidth", (uint)image.Width), ("pictureHeight", (uint)image.Height), ("fill", 0u));
        _rig.Run([], MatMulCases.Step(1));
        using CommandRecorder recorder = new(Device, "see");
        using Timeline timeline = new(Device, "see");
        recorder.Begin();
        recorder.AwaitImageWrites();
        recorder.Dispatch(node, (uint)(image.Width + 7) / 8, (uint)image.Height);
        recorder.End();
        timeline.Wait(timeline.Submit(recorder));
        node.Free();
        return [.. MemoryMarshal.AsBytes(_rig.ReadWords(canvas, image.Width * image.Height).AsSpan())];
    }

    private static uint[] Identity(int size) =>
        [1, .. Enumerable.Range(0, size).Select(i => (uint)i), .. Enumerable.Repeat(1u, size), .. Enumerable.Repeat(1u << 22, size)];
}
