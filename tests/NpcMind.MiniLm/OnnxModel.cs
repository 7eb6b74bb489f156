using System.Runtime.InteropServices;
using System.Text;

namespace NpcMind.MiniLm;

/// <summary>A weight of an ONNX file.</summary>
/// <param name="Dimensions">Its sizes, the row length last.</param>
/// <param name="Values">Its numbers.</param>
internal sealed record OnnxTensor(long[] Dimensions, float[] Values);

/// <summary>
/// The f32 weights of an ONNX file by name. Exporters give matrices numbers instead of names; such a matrix is named after the bias that is
/// added to its product: <c>x.bias</c> makes it <c>x.weight</c>. Source: onnx.proto (fields of ModelProto, GraphProto, NodeProto and
/// TensorProto).
/// </summary>
internal sealed class OnnxModel
{
    private const int Graph = 7, GraphNode = 1, GraphInitializer = 5;
    private readonly Dictionary<string, OnnxTensor> _tensors = [];

    public OnnxTensor this[string name] => _tensors.TryGetValue(name, out OnnxTensor? tensor)
        ? tensor
        : throw new InvalidDataException($"The ONNX file has no '{name}'.");

    public static OnnxModel Read(byte[] bytes)
    {
        OnnxModel model = new();
        List<Node> nodes = [];
        foreach (Field graph in Fields(bytes).Where(f => f.Number == Graph))
            foreach (Field field in Fields(graph.Bytes))
            {
                if (field.Number == GraphNode) nodes.Add(ReadNode(field.Bytes));
                else if (field.Number == GraphInitializer) model.AddTensor(field.Bytes);
            }

        Dictionary<string, Node> byOutput = nodes.SelectMany(n => n.Outputs.Select(o => (o, n))).ToDictionary(p => p.o, p => p.n);
        foreach (Node add in nodes.Where(n => n.Operation == "Add" && n.Inputs.Count == 2))
            for (int i = 0; i < 2; i++)
                if (add.Inputs[i].EndsWith(".bias", StringComparison.Ordinal) && byOutput.TryGetValue(add.Inputs[1 - i], out Node? product)
                    && product.Operation == "MatMul" && model._tensors.TryGetValue(product.Inputs[1], out OnnxTensor? matrix))
                    model._tensors[add.Inputs[i][..^".bias".Length] + ".weight"] = Transposed(matrix);
        return model;
    }

    /// <summary>ONNX multiplies rows from the left: [columns, rows] becomes [rows, columns].</summary>
    private static OnnxTensor Transposed(OnnxTensor matrix)
    {
        (long columns, long rows) = (matrix.Dimensions[0], matrix.Dimensions[1]);
        float[] values = new float[matrix.Values.Length];
        for (long c = 0; c < columns; c++)
            for (long r = 0; r < rows; r++) values[(r * columns) + c] = matrix.Values[(c * rows) + r];
        return new OnnxTensor([rows, columns], values);
    }

    private static Node ReadNode(ReadOnlyMemory<byte> bytes)
    {
        Node node = new();
        foreach (Field field in Fields(bytes))
        {
            if (field.Number == 1) node.Inputs.Add(Text(field.Bytes));
            else if (field.Number == 2) node.Outputs.Add(Text(field.Bytes));
            else if (field.Number == 4) node.Operation = Text(field.Bytes);
        }

        return node;
    }

    private void AddTensor(ReadOnlyMemory<byte> bytes)
    {
        List<long> dimensions = [];
        string name = "";
        ulong type = 0;
        ReadOnlyMemory<byte> raw = default;
        foreach (Field field in Fields(bytes))
        {
            if (field.Number == 1) dimensions.Add((long)field.Value);
            else if (field.Number == 2) type = field.Value;
            else if (field.Number == 8) name = Text(field.Bytes);
            else if (field.Number == 9) raw = field.Bytes;
        }

        if (type == 1 && raw.Length == dimensions.Aggregate(4L, (a, b) => a * b))
            _tensors[name] = new OnnxTensor([.. dimensions], MemoryMarshal.Cast<byte, float>(raw.Span).ToArray());
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    /// <summary>The fields of a protobuf message.</summary>
    private static IEnumerable<Field> Fields(ReadOnlyMemory<byte> bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            ulong key = Number(bytes.Span, ref at);
            int kind = (int)(key & 7);
            ulong value = kind is 0 or 2 ? Number(bytes.Span, ref at) : 0;
            int length = kind switch
            {
                0 => 0,
                1 => 8,
                2 => checked((int)value),
                5 => 4,
                _ => throw new InvalidDataException($"No ONNX file: a field of kind {kind}."),
            };
            yield return new Field((int)(key >> 3), value, bytes.Slice(at, length));
            at += length;
        }
    }

    private static ulong Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 127) << shift;
            if (next < 128) return value;
        }
    }

    private readonly record struct Field(int Number, ulong Value, ReadOnlyMemory<byte> Bytes);

    private sealed class Node
    {
        public List<string> Inputs { get; } = [];

        public List<string> Outputs { get; } = [];

        public string Operation { get; set; } = "";
    }
}
