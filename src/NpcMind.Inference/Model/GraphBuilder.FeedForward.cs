using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <content>Feed-forward parts of blocks: dense and mixtures of experts.</content>
internal sealed partial class GraphBuilder
{
    /// <summary>
    /// y (+)= scale * down(f(gate h) * up h): <c>ffn_gate</c>, <c>ffn_up</c>, <c>ffn_down</c> + <paramref name="suffix"/>.
    /// </summary>
    /// <param name="blk">Layer.</param>
    /// <param name="suffix">What the names end in.</param>
    /// <param name="hidden">Hidden width.</param>
    /// <param name="h">Input [rows, width].</param>
    /// <param name="width">Elements between rows of input and output.</param>
    /// <param name="y">Output [rows, width].</param>
    /// <param name="form">f.</param>
    /// <param name="accumulate">Add to y.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="gateName">Matrix of one row whose product with h, through a sigmoid, multiplies the output; null for none.</param>
    public void GatedFeedForward(
        string blk, string suffix, int hidden, RowInput h, int width, Tensor y, GateForm form = GateForm.Silu, bool accumulate = true,
        float scale = 1, string? gateName = null)
    {
        int part = Padded(hidden), stride = Workspace.Stride(hidden);
        Tensor activated = Rows("activated", hidden);
        string gate = $"{blk}.ffn_gate{suffix}", up = $"{blk}.ffn_up{suffix}";
        IReadOnlyList<PlacedMatrix> both = Weights.Has(gate)
            ? Weights.Stack(Config.Width, 1, new MatrixPart(gate, hidden), new MatrixPart(up, hidden))
            // Phi 3: gate rows, then up rows
            : Weights.Stack(Config.Width, 1, new MatrixPart(up, hidden, 0, 2 * hidden), new MatrixPart(up, hidden, hidden, 2 * hidden));
        RowPart? outputGate = null;
        if (gateName is not null)
        {
            Tensor gates = Rows("shared expert gate", 1);
            MatMul(gateName, Weights.Matrix(gateName, Config.Width, 1), h, width, gates, Workspace.Stride(1));
            outputGate = new RowPart(gates, Workspace.Stride(1));
        }

        string label = $"{blk}.ffn_gate_up{suffix}";
        if (Inference.MatMul.CanGate(both))
        {
            GatedOutput gated = new(form, null, outputGate);
            Nodes.AddRange(_matMul.Gated(label, both[0].Matrix, h.Rows, width, activated, stride, gated, h.Norm));
        }
        else
        {
            Tensor gateUp = Rows("gate_up", 2 * part);
            MatMul(label, both, h, width, gateUp, 2 * part);
            Nodes.Add(
                _activation.Gated($"{blk}.gated_activation{suffix}", form, gateUp, activated, part, stride, s => s.Rows, null, outputGate));
        }

        WeightMatrix down = Weights.Matrix($"{blk}.ffn_down{suffix}", hidden, Config.Width);
        Nodes.AddRange(_matMul.Nodes($"{blk}.ffn_down{suffix}", down, activated, stride, y, width, 0, accumulate, s => s.Rows, scale));
    }

    /// <summary>x += down(f(up h)): tensors <c>ffn_up</c> and <c>ffn_down</c>.</summary>
    public void FeedForward(string blk, int hidden, RowInput h, int width, Tensor x, ActivationForm form)
    {
        int stride = Workspace.Stride(hidden);
        Tensor up = Rows("up", hidden), activated = Rows("activated", hidden);
        MatMul($"{blk}.ffn_up", Weights.Matrix($"{blk}.ffn_up", Config.Width, hidden), h, width, up, stride);
        Nodes.Add(_activation.Plain($"{blk}.activation", form, up, activated, stride, s => s.Rows));
        MatMulAdd($"{blk}.ffn_down", Weights.Matrix($"{blk}.ffn_down", hidden, Config.Width), activated, stride, x, width);
    }

    /// <summary>x += scale * the chosen experts' outputs. The choice, by the router's logits, stays on the device.</summary>
    public void MixtureFeedForward(
        string blk, RowInput h, int width, Tensor x, RouterSpec spec, GateForm form = GateForm.Silu, float scale = 1)
    {
        int hidden = Config.ExpertFeedForward, experts = Config.Experts, used = Config.ExpertsUsed, part = Padded(hidden),
            stride = Workspace.Stride(hidden);
        Tensor chosen = Rows("chosen experts", 1, used), weights = Rows("expert weights", 1, used);
        Tensor activated = Rows("expert activated", hidden, used), outputs = Rows("expert outputs", Config.Width, used);
        Tensor? inputWeights = spec.WeighsInput ? weights : null, outputWeights = spec.WeighsInput ? null : weights;

        WeightMatrix router = Weights.Matrix($"{blk}.ffn_gate_inp", Config.Width, experts);
        Tensor? bias = spec.HasSelectionBias ? Weights.Vector($"{blk}.exp_probs_b.bias", experts) : null;
        IReadOnlyList<PlacedMatrix> both = Weights.Stack(
            Config.Width, experts, new MatrixPart($"{blk}.ffn_gate_exps", hidden), new MatrixPart($"{blk}.ffn_up_exps", hidden));
        WeightMatrix down = Weights.Matrix($"{blk}.ffn_down_exps", hidden, Config.Width, experts);
        Routing routing = new(experts, used, Rows("expert tiles", 4, used), Rows("expert order", 1, used))
        { TileRows = _matMul.TilesOf([.. both.Select(m => m.Matrix.Layout), down.Layout]) };
        if (Router.CanChooseFrom(router, spec))
        {
            Nodes.Add(_router.ChooseFrom($"{blk}.router", spec, router, h, width, routing, bias, chosen, weights));
        }
        else
        {
            Tensor scores = Rows("router scores", experts);
            int scoreStride = Workspace.Stride(experts);
            MatMul($"{blk}.ffn_gate_inp", router, h, width, scores, scoreStride);
            Nodes.Add(_router.Choose($"{blk}.router_top_k", spec, scores, scoreStride, routing, bias, chosen, weights, s => s.Rows));
        }

        Nodes.Add(_router.Tiles($"{blk}.expert_tiles", chosen, _inputs.Header, routing, _options.MaxRows * used));
        string label = $"{blk}.ffn_gate_up_exps";
        if (Inference.MatMul.CanGate(both))
        {
            GatedOutput gated = new(form, inputWeights);
            Nodes.AddRange(_matMul.Gated(label, both[0].Matrix, h.Rows, width, activated, stride, gated, h.Norm, routing));
        }
        else
        {
            Tensor gateUp = Rows("expert gate_up", 2 * part, used);
            foreach (PlacedMatrix placed in both)
                Nodes.AddRange(_matMul.ExpertNodes(
                    label, placed.Matrix, h.Rows, width, used, gateUp, 2 * part, placed.Offset, routing, norm: h.Norm));
            Nodes.Add(_activation.Gated(
                $"{blk}.gated_activation_exps", form, gateUp, activated, part, stride, s => s.Rows * used, inputWeights));
        }

        bool combines = down.Segments.Count == 1;
        label = $"{blk}.ffn_down_exps";
        if (combines)
            Nodes.AddRange(_matMul.CombinedExperts(label, down, activated, stride, outputs, width, routing, x, outputWeights, scale));
        else Nodes.AddRange(_matMul.ExpertNodes(label, down, activated, stride, 1, outputs, width, 0, routing));
        Nodes.Add(_router.Combine(
            $"{blk}.expert_combine", outputs, outputWeights, x, width, used, scale, s => combines && s.Rows == 1 ? 0 : s.Rows));
    }
}
