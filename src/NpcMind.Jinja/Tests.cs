using System.Collections.Frozen;

namespace NpcMind.Jinja;

/// <summary>A test: what stands behind <c>is</c>.</summary>
internal delegate bool Test(Interpreter interpreter, object value, Arguments arguments);

/// <summary>The tests, by name.</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Test> All = Create().ToFrozenDictionary();

    public static bool Exists(string name) => All.ContainsKey(name);

    /// <exception cref="JinjaError">There is no such test.</exception>
    public static Test Find(string name) => All.TryGetValue(name, out Test? test)
        ? test : throw new JinjaError(ChatTemplateFault.Syntax, $"unknown test '{name}'");

    private static Dictionary<string, Test> Create()
    {
        Dictionary<string, Test> tests = [];
        Simple("defined", v => v is not UndefinedValue);
        Simple("undefined", v => v is UndefinedValue);
        Simple("none", v => v is NoneValue);
        Simple("boolean", v => v is bool);
        Simple("true", v => v is true);
        Simple("false", v => v is false);
        Simple("integer", v => Numbers.IsInteger(v) && v is not bool);
        Simple("float", v => v is double);
        Simple("number", Numbers.IsNumber);
        Simple("string", v => v is TemplateString);
        Simple("mapping", v => v is DictValue);
        Simple("sequence", v => v is TemplateString or ItemsValue or DictValue or RangeValue or UndefinedValue);
        Simple("iterable", v => v is LoopValue || Sequences.TryIterate(v) is not null);
        Simple("callable", v => v is CallableValue or UndefinedValue);
        Simple("escaped", v => v is TemplateString { IsMarkup: true });
        Plain("lower", (i, v) => StringMethods.IsLower(PythonText.Str(v, i.Budget)));
        Plain("upper", (i, v) => StringMethods.IsUpper(PythonText.Str(v, i.Budget)));
        Plain("filter", (_, v) => v is TemplateString name && Filters.Exists(name.Value));
        Plain("test", (_, v) => v is TemplateString name && Exists(name.Value));
        Plain("even", (i, v) => IsRest(i, v, 2L, 0L));
        Plain("odd", (i, v) => IsRest(i, v, 2L, 1L));
        tests["divisibleby"] = (i, v, a) => IsRest(i, v, a.Bind("divisibleby", 1, "num")[0]!, 0L);
        tests["sameas"] = (_, v, a) => IsSame(v, a.Bind("sameas", 1, "other")[0]!);
        tests["in"] = (i, v, a) => Operators.Contains(a.Bind("in", 1, "seq")[0]!, v, i.Budget);
        Comparing(Comparison.Equal, "==", "eq", "equalto");
        Comparing(Comparison.NotEqual, "!=", "ne");
        Comparing(Comparison.Less, "<", "lt", "lessthan");
        Comparing(Comparison.LessOrEqual, "<=", "le");
        Comparing(Comparison.Greater, ">", "gt", "greaterthan");
        Comparing(Comparison.GreaterOrEqual, ">=", "ge");
        return tests;

        void Simple(string name, Func<object, bool> test) => Plain(name, (_, value) => test(value));

        void Plain(string name, Func<Interpreter, object, bool> test) => tests[name] = (interpreter, value, arguments) =>
        {
            arguments.Bind(name, 0);
            return test(interpreter, value);
        };

        void Comparing(Comparison comparison, params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
                tests[name] = (i, v, a) => Operators.Compare(comparison, v, a.Bind(name, 1, "/other")[0]!, i.Budget);
        }
    }

    private static bool IsRest(Interpreter interpreter, object value, object divisor, object rest) =>
        Operators.AreEqual(Operators.Binary(BinaryOperator.Modulo, value, divisor, interpreter.Budget), rest, interpreter.Budget);

    // Python compares identity; equal constants of a template are one object there.
    private static bool IsSame(object a, object b) => (a, b) switch
    {
        (TemplateString x, TemplateString y) => x.Value == y.Value,
        (long x, long y) => x == y,
        (bool x, bool y) => x == y,
        (double x, double y) => x.Equals(y),
        (TupleValue { Items.Length: 0 }, TupleValue { Items.Length: 0 }) => true,
        _ => ReferenceEquals(a, b),
    };
}
