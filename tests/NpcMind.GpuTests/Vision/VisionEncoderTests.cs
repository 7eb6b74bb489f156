using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;
using Silk.NET.Vulkan;

namespace NpcMind.GpuTests.Vision;

/// <summary>How jobs are driven, what they cost, and what is refused.</summary>
internal sealed class VisionEncoderTests : GpuTest
{
    [Test]
    public void Pass_InPieces_GivesTheSameBits()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        VisionEncoder encoder = golden.Encoder;
        (Picture picture, PicturePlan plan) = golden.Picture("wide");
        float[] expected = golden.Features((picture, plan));
        using VisionJob job = encoder.CreateJob(plan, picture);
        using CommandRecorder recorder = new(Device, "pieces");
        using Timeline timeline = new(Device, "pieces");
        TinyRandom random = new(7);
        Begin();
        for (int pass = 0; pass < job.Passes; pass++)
        {
            encoder.RecordInputs(recorder, job, pass);
            foreach (GraphNode node in encoder.Nodes(job, pass))
            {
                Grid grid = node.Grid(job.Shape(pass));
                long all = (long)grid.X * grid.Y * grid.Z;
                for (long position = 0; position < all;)
                {
                    var piece = Scheduling.GridSlicer.Next(grid.X, grid.Y, grid.Z, position, 1 + random.Below(200));
                    recorder.Dispatch(node.Variants[grid.Variant],
                        new Workgroups((uint)piece.X, (uint)piece.Y, (uint)piece.Z, (uint)piece.CountX, (uint)piece.CountY,
                            (uint)piece.CountZ), position > 0 && recorder.Dispatches > 0);
                    position += piece.Workgroups;
                    if (random.Below(8) == 0) Submit();
                }
            }

            encoder.RecordResults(recorder, job, pass);
            Submit();
        }

        recorder.End();
        timeline.Wait(timeline.Submit(recorder));

        TinyEngines.AssertSameBits(job.Features.ToArray(), expected, "in pieces");
        TestContext.Out.WriteLine($"{encoder.Nodes(job, 0).Count} dispatches of preparation, {encoder.Nodes(job, 1).Count} per tile");

        void Begin()
        {
            recorder.WaitUntilFree();
            recorder.Begin();
        }

        void Submit()
        {
            recorder.End();
            timeline.Submit(recorder);
            Begin();
        }
    }

    [Test]
    public void Hash_Pictures_TellsThemApart()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        (Picture picture, PicturePlan plan) = golden.Picture("wide");
        UInt128 hash = Hash(picture, plan);
        Assert.That(Hash(picture, plan), Is.EqualTo(hash));
        HashSet<UInt128> seen = [hash];
        TinyRandom random = new(3);
        for (int i = 0; i < 40; i++)
        {
            byte[] rgba = [.. picture.Rgba];
            rgba[random.Below(rgba.Length / 4) * 4 + i % 3] ^= (byte)(0x80 >> i % 2);
            Assert.That(seen.Add(Hash(picture with { Rgba = rgba }, plan)), $"change {i}");
        }

        byte[] transparent = [.. picture.Rgba.Select((b, i) => i % 4 == 3 ? (byte)(i % 251) : b)];
        Assert.That(Hash(picture with { Rgba = transparent }, plan), Is.EqualTo(hash), "alpha is not looked at");
        Picture gray = new(168, 84, [.. Enumerable.Repeat((byte)128, 168 * 84 * 4)]), tall = new(84, 168, gray.Rgba);
        Assert.That(Hash(gray, Plan(168, 84)), Is.Not.EqualTo(Hash(tall, Plan(84, 168))), "other rows of the same tiles");

        UInt128 Hash(Picture of, PicturePlan prepared)
        {
            using VisionJob job = golden.Encoder.CreateJob(prepared, of);
            golden.Encoder.ReadPixels(job);
            return job.Hash;
        }

        PicturePlan Plan(int width, int height) => golden.Encoder.Config.Plan(width, height);
    }

    [Test]
    public void Encode_RenderedFrame_CopiesNoPixels()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        (Picture frame, _) = golden.Tiles("exact.resized.bin");
        Picture picture = new(640, 360, [.. Enumerable.Range(0, 640 * 360 * 4).Select(i => frame.Rgba[i * 7 % frame.Rgba.Length])]);
        PicturePlan plan = golden.Encoder.Config.Plan(picture.Width, picture.Height);
        using TestImage image = new(Device, picture.Width, picture.Height, Format.R8G8B8A8Unorm, picture.Rgba);
        long seen = Transfers(() => golden.Encoder.CreateJob(plan, image.Handle)),
            copied = Transfers(() => golden.Encoder.CreateJob(plan, picture));
        TestContext.Out.WriteLine(
            $"{seen} bytes pass between host and device for an image, {copied} for a picture of {picture.Rgba.Length} bytes");
        Assert.That(copied - seen, Is.EqualTo(picture.Rgba.Length));
        long features = plan.Tiles.Count * golden.Encoder.TokensPerTile * VisionCase.TextWidth * 4, perPass = 16
            + plan.Tiles.Count * VisionGraph.PlaceBytes;
        long tables = plan.Steps.Sum(
            s => 4L * (2 + 2 * (s.Width + s.Height) + s.Width * Taps(640, s.Width, s.Filter) + s.Height * Taps(360, s.Height, s.Filter)));
        Assert.That(seen, Is.EqualTo(features + perPass + 16 + tables), "features, hash, places and resampling tables");

        long Transfers(Func<VisionJob> make)
        {
            long before = Device.Transfers;
            using VisionJob job = make();
            golden.Encoder.Encode(job);
            return Device.Transfers - before;
        }

        static int Taps(int source, int target, ResampleFilter filter) => ResampleTable.Create(source, target, filter).Taps;
    }

    [Test]
    public void Encode_DeviceImage_ReadsItWhenJobRuns()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        (Picture first, PicturePlan plan) = golden.Picture("exact");
        Picture second = first with { Rgba = [.. first.Rgba.Select(b => (byte)~b)] };
        using TestImage image = new(Device, first.Width, first.Height, Format.R8G8B8A8Unorm, first.Rgba, ImageLayoutKind.General);
        using VisionJob job = golden.Encoder.CreateJob(plan, image.Handle);
        golden.Encoder.Encode(job);
        Assert.That(job.Features.ToArray(), Is.EqualTo(golden.Features((first, plan))));
        image.Fill(second.Rgba); // not waited for: our barrier does
        golden.Encoder.Encode(job);
        Assert.That(job.Features.ToArray(), Is.EqualTo(golden.Features((second, plan))));
    }

    [Test]
    public void Encode_ThousandPictures_LeavesNothingBehind()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        TinyRandom random = new(5);
        (long, int, int) early = default;
        for (int i = 0; i < 1000; i++)
        {
            Picture picture = new(1 + random.Below(40), 1 + random.Below(40), new byte[40 * 40 * 4]);
            picture = picture with { Rgba = picture.Rgba[..(picture.Width * picture.Height * 4)] };
            VisionJob job = golden.Encoder.CreateJob(golden.Encoder.Config.Plan(picture.Width, picture.Height), picture);
            if (i % 100 == 0) golden.Encoder.Encode(job);
            job.Dispose();
            if (i == 100) early = Kept();
        }

        Assert.That(Kept(), Is.EqualTo(early));

        (long, int, int) Kept() => (Device.Memory.AllocatedBytes, Device.Descriptors.Pools, golden.Encoder.Canvases.Buffer.Views.Count);
    }

    [Test]
    public void Record_Pass_AllocatesNothing()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        (Picture picture, PicturePlan plan) = golden.Picture("wide");
        using VisionJob job = golden.Encoder.CreateJob(plan, picture);
        using CommandRecorder recorder = new(Device, "allocations");
        golden.Encoder.Encode(job);
        long worst = 0;
        for (int pass = 0; pass < job.Passes; pass++)
        {
            recorder.Begin();
            long before = GC.GetAllocatedBytesForCurrentThread();
            golden.Encoder.RecordInputs(recorder, job, pass);
            IReadOnlyList<GraphNode> nodes = golden.Encoder.Nodes(job, pass);
            for (int i = 0; i < nodes.Count; i++) nodes[i].Record(recorder, job.Shape(pass));
            golden.Encoder.RecordResults(recorder, job, pass);
            worst = Math.Max(worst, GC.GetAllocatedBytesForCurrentThread() - before);
            recorder.End();
        }

        Assert.That(worst, Is.Zero);
    }

    [Test]
    public void Dispose_Encoder_LeavesNoMemoryAndStaysBelowEstimate()
    {
        long before = Device.Memory.AllocatedBytes;
        using (GgufFile file = GgufFile.Open(TestData.Golden("vision", "llama4", "mmproj.gguf")))
        {
            using VisionEncoder encoder = VisionEncoder.Load(Device, file, VisionCase.TextWidth, "model.gguf");
            Assert.That(encoder.UnusedTensors, Is.Empty);
            Assert.That(encoder.DeviceBytes, Is.EqualTo(VisionEncoder.Bytes(Device, file)));
            Assert.That(encoder.UsedBytes, Is.InRange(encoder.DeviceBytes / 2, encoder.DeviceBytes));
        }

        Assert.That(Device.Memory.AllocatedBytes, Is.EqualTo(before));
    }

    [Test]
    public void Encode_PlanThatDoesNotFit_IsRefused()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        (Picture picture, PicturePlan plan) = golden.Picture("exact");
        Assert.That(() => golden.Encoder.CreateJob(plan with { TileSize = 100 }, picture),
            Throws.ArgumentException.With.Message.Contains("100"));
        Assert.That(() => golden.Encoder.CreateJob(plan with { Width = 85 }, picture),
            Throws.ArgumentException.With.Message.Contains("85 x 84"));
        Assert.That(() => golden.Encoder.CreateJob(plan with { Tiles = [new TilePlace(0, 1, 0)] }, picture), Throws.ArgumentException);
        Assert.That(() => golden.Encoder.CreateJob(plan with { Steps = [plan.Steps[0] with { Source = 0 }] }, picture),
            Throws.ArgumentException);
        Assert.That(() => golden.Encoder.CreateJob(plan with { Steps = [plan.Steps[0] with { CanvasWidth = 60000, CanvasHeight = 60000 }] },
            picture), Throws.ArgumentException.With.Message.Contains("canvases"));
        Assert.That(() => golden.Encoder.CreateJob(plan, picture with { Rgba = new byte[4] }), Throws.ArgumentException);
        Assert.That(() => golden.Encoder.CreateJob(plan, new ExternalImage(1, 84, 84, 126)),
            Throws.ArgumentException.With.Message.Contains("D32Sfloat"));
    }
}
