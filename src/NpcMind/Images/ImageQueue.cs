using NpcMind.Inference;
using NpcMind.Vision;

namespace NpcMind;

/// <summary>
/// Pictures on their way through the image encoder, one after the other, in slices of frames. A picture's pixels are read first, and hashed
/// on the device: one that was seen before, by whomever, is not encoded again. Nothing here waits; within a tick nothing allocates. Used by
/// the game's thread.
/// </summary>
internal sealed class ImageQueue : IDisposable
{
    private const int Kept = 16;
    private const int MostWaiting = 1024;
    private readonly VisionEncoder _eyes;
    private readonly FrameRunner _frames;
    private readonly WorkPlan _tile;
    private readonly Queue<TurnImage> _waiting = new(MostWaiting);
    private readonly List<VisionJob> _spent = new(MostWaiting);
    private readonly (UInt128 Hash, float[]? Features, long Used)[] _known = new (UInt128, float[]?, long)[Kept];
    private TurnImage? _current;
    private int _pass;
    private int _collected;
    private long _uses;

    public ImageQueue(VisionEncoder eyes, FrameRunner frames, EyesFormat format)
    {
        _eyes = eyes;
        _frames = frames;
        Format = format;
        _tile = new WorkPlan(eyes.TileNodes, frames.Costs);
    }

    public EyesFormat Format { get; }

    /// <summary>Whether a picture is on its way, or waits and can be read.</summary>
    public bool IsBusy
    {
        get
        {
            if (_current is not null) return true;
            foreach (TurnImage turnImage in _waiting)
                if (turnImage.Image!.IsDrawn || turnImage.References == 0) return true;
            return false;
        }
    }

    /// <summary>Pictures on their way and waiting.</summary>
    public int Pictures => _waiting.Count + (_current is null ? 0 : 1);

    /// <summary>Pictures encoded, and pictures that turned out to be known, since the last call of <see cref="TakeCounts"/>.</summary>
    public (int Encoded, int Known) Counts { get; private set; }

    /// <summary>What is made of an image: it is looked at in the coming ticks.</summary>
    /// <param name="image">What is to be seen.</param>
    /// <param name="mostTokens">Most tokens it may take.</param>
    /// <exception cref="InvalidOperationException">Too many pictures wait.</exception>
    /// <exception cref="ArgumentException">It takes more tokens, or its format cannot be read.</exception>
    public TurnImage See(NpcImage image, int mostTokens)
    {
        FreeSpent();
        if (image.TurnImage is { } known && image.SeenBy == this && (known.IsReady || known.Job is not null)) return known;
        if (_waiting.Count == MostWaiting)
            throw new InvalidOperationException($"{MostWaiting} images wait to be encoded already: call Tick more often, or show fewer.");
        PicturePlan plan = Format.Plan(image.Width, image.Height);
        TurnImage turnImage = Format.TurnImage(plan);
        if (turnImage.Tokens.Length > mostTokens)
            throw new ContextOverflowException(
                $"An image of {image.Width} x {image.Height} pixels takes {turnImage.Tokens.Length} tokens in {plan.Tiles.Count} tiles; " +
                    $"at most {mostTokens} are possible, half of the context. Lower NpcRuntimeOptions.MaxImageTiles or use a larger " +
                    $"context.");
        turnImage.Job = image.Picture is { } picture ? _eyes.CreateJob(plan, picture) : _eyes.CreateJob(plan, image.External!);
        turnImage.Preparation = new WorkPlan(_eyes.Nodes(turnImage.Job, 0), _frames.Costs);
        turnImage.Image = image;
        turnImage.Set(new float[turnImage.Rows * turnImage.Width], ready: false);
        image.TurnImage = turnImage;
        image.SeenBy = this;
        image.IsCaptured = false; // whoever saw it before, it is to be read now
        _waiting.Enqueue(turnImage);
        return turnImage;
    }

    /// <summary>Puts work on the frame, at most so many of the milliseconds that are left.</summary>
    public void Record(double most)
    {
        double reserve = Math.Max(0, _frames.Remaining - most);
        while (_frames.ViewIsActive || Begin())
        {
            if (!_frames.RecordView(_frames.Remaining - reserve)) return;
            _pass++;
        }
    }

    /// <summary>Takes note of passes that the device has finished.</summary>
    public void Collect(int passes)
    {
        if (passes == 0 || _current is not { } turnImage) return;
        bool first = _collected == 0;
        _collected += passes;
        VisionJob job = turnImage.Job!;
        if (first)
        {
            turnImage.Image!.IsCaptured = true;
            if (Find(job.Hash) is { } features)
            {
                Counts = (Counts.Encoded, Counts.Known + 1);
                End(turnImage, features);
                return;
            }
        }

        if (_collected < job.Passes) return;
        job.Features.CopyTo(turnImage.Features);
        Keep(job.Hash, turnImage.Features);
        Counts = (Counts.Encoded + 1, Counts.Known);
        End(turnImage, turnImage.Features);
    }

    /// <summary>Goes back to the first pass whose result is not there: nothing that is on its way counts.</summary>
    public void Rewind() => _pass = _collected;

    public (int Encoded, int Known) TakeCounts()
    {
        (int, int) counts = Counts;
        Counts = default;
        return counts;
    }

    /// <summary>Frees what waits. What is on its way must have finished.</summary>
    public void Dispose()
    {
        foreach (TurnImage turnImage in _waiting) Drop(turnImage);
        if (_current is not null) Drop(_current);
        FreeSpent();
        _eyes.Dispose();
    }

    /// <summary>Begins the next pass; false when there is none, or when it depends on what the device has not found out yet.</summary>
    private bool Begin()
    {
        if (_current is null)
        {
            for (int left = _waiting.Count; left > 0 && _current is null; left--)
            {
                TurnImage next = _waiting.Dequeue();
                if (next.References == 0) Drop(next); // nobody wants to know any more
                else if (next.Image!.IsDrawn) _current = next;
                else _waiting.Enqueue(next);
            }

            if (_current is null) return false;
            _pass = _collected = 0;
        }

        bool ready = _pass == 0 || (_collected > 0 && _pass < _current.Job!.Passes);
        if (ready) _frames.BeginView(_current.Job!.Pass(_pass), _pass == 0 ? _current.Preparation! : _tile);
        return ready;
    }

    private void End(TurnImage turnImage, float[] features)
    {
        turnImage.Set(features, ready: true);
        Drop(turnImage);
        _current = null;
    }

    /// <summary>A picture's pixels are not needed any more, whether it was read or not.</summary>
    private void Drop(TurnImage turnImage)
    {
        _spent.Add(turnImage.Job!);
        if (turnImage.Image!.TurnImage == turnImage) turnImage.Image.IsCaptured = true; // else another runtime is to see it
        (turnImage.Job, turnImage.Preparation, turnImage.Image) = (null, null, null);
    }

    private float[]? Find(UInt128 hash)
    {
        for (int i = 0; i < _known.Length; i++)
        {
            if (_known[i].Features is null || _known[i].Hash != hash) continue;
            _known[i].Used = ++_uses;
            return _known[i].Features;
        }

        return null;
    }

    private void Keep(UInt128 hash, float[] features)
    {
        int oldest = 0;
        for (int i = 1; i < _known.Length; i++)
            if (_known[i].Used < _known[oldest].Used) oldest = i;
        _known[oldest] = (hash, features, ++_uses);
    }

    private void FreeSpent()
    {
        foreach (VisionJob job in _spent) job.Dispose();
        _spent.Clear();
    }
}
