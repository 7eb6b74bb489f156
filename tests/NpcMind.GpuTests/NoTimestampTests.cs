using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Scheduling;

namespace NpcMind.GpuTests;

/// <summary>A device whose queue has no timestamps: costs are learned by a clock while loading, and frames go on by them.</summary>
internal sealed class NoTimestampTests
{
    [Test]
    public void Frames_WithoutTimestamps_AreCutByWhatAClockMeasured()
    {
        using GpuDevice device = GpuFixture.NewDevice();
        device.Limits = device.Limits with { TimestampNanoseconds = 0, TimestampBits = 0 };
        using (InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Mixture, device: device))
        {
            CostModel costs = new(1);
            Calibration.Run(engine, costs, 1);
            using FrameRunner frames = new(engine, costs);
            int[] ids = TinyEngines.Ids(20, 4);
            int slot = engine.Open(new Inference.SamplerSettings());
            foreach (int id in ids) engine.Batch.Add(slot, id, output: true);
            engine.Batch.WantsLogits = true;
            StepShape shape = engine.Batch.Finish();
            double predicted = frames.PredictStep(shape);
            Assert.That(predicted, Is.GreaterThan(0));
            Assert.That(engine.Nodes.Where(n => n.Grid(shape) is { X: > 0, Y: > 0, Z: > 0 })
                .All(n => costs.Known(costs.Class(n.CostKey(n.Grid(shape).Variant)))), "every dispatch of the step was measured");
            int cut = 0;
            for (bool begun = false, ended = false; !ended; cut++)
            {
                engine.Transfer.Flush();
                while (frames.TryCollect(out FrameTime time, out _, out _)) Assert.That(time.Milliseconds, Is.NaN);
                Assert.That(frames.TryBegin(predicted / 1e6)); // a workgroup a frame, at least
                if (!begun) frames.BeginStep();
                begun = true;
                ended = frames.RecordStep();
                frames.End();
            }

            engine.Transfer.Flush();
            float[] logits = new float[ids.Length * engine.Config.Vocabulary];
            for (int i = 0; i < ids.Length; i++)
                engine.Logits(new StepTicket(0, 0, ids.Length, 0), i).CopyTo(logits.AsSpan(i * engine.Config.Vocabulary));
            engine.Close(slot);
            Assert.That(cut, Is.GreaterThan(engine.Nodes.Count / 2));
            TinyEngines.AssertSameBits(logits, engine.ReadFresh(ids, 20), "cut");
        }

        GpuFixture.CheckValidation(device);
    }
}
