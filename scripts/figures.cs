#!/usr/bin/env dotnet
// Reads what programs measured (CSV, JSON, test results) and prints the figures that the scripts beside it show.
#:property PublishAot=false
using System.Globalization;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

try
{
    switch (args)
    {
        case ["answers", string file, string settings]:
            return Answers.Print(file, settings);
        case ["frames", string budget, .. string[] files]:
            return Frames.Print(Number.Parse(budget), files);
        case ["memory", string file]:
            return Memory.Print(file);
        case ["device", string file]:
            return Speeds.PrintDevice(file);
        case ["pairs", string ours]:
            return Speeds.PrintPairs(ours, null);
        case ["pairs", string ours, string peer]:
            return Speeds.PrintPairs(ours, peer);
        case ["mixture", string dense, string mixture]:
            return Speeds.PrintMixture(dense, mixture);
        case ["tests", string folder]:
            return TestResults.Print(folder);
        case ["counts", string folder]:
            return TestResults.PrintCounts(folder);
        default:
            Console.Error.WriteLine("""
                usage: scripts/figures.cs answers ANSWERS.csv SETTINGS | frames BUDGET_MS FRAMES.csv... | memory MEMORY.csv
                    | device BENCH.json | pairs OURS.json [PEER.json] | mixture DENSE.json MIXTURE.json | tests FOLDER | counts FOLDER
                  answers   how long the player waited; SETTINGS is what the last line begins with (scripts/answers.sh)
                  frames    what frames cost while minds think and while they wait (scripts/busy.sh)
                  memory    memory by model; exit code 1 where it grows (scripts/soak.sh)
                  device    the device of the first of the JSON objects in a file (scripts/bench.sh, as the next two)
                  pairs     speeds of runs in turn, ours and the peer's, their ratios and the medians
                  mixture   speeds of a dense model and of the same model as a mixture, and their ratios
                  tests     the slowest tests, and the classes that took most processor time (scripts/test.sh, as the next)
                  counts    how many tests passed, failed and were skipped, as three numbers
                """);
            return 1;
    }
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or FormatException)
{
    Console.Error.WriteLine($"figures: {e.Message}");
    return 1;
}

/// <summary>Numbers as programs write them, whatever the language of the machine.</summary>
internal static class Number
{
    public static double Parse(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>Returns a number as it is shown with two decimals: medians are those of what is shown.</summary>
    public static double Hundredths(double value) => Parse(value.ToString("F2", CultureInfo.InvariantCulture));

    /// <summary>Writes a number with four digits that count.</summary>
    public static string Short(double? value) => value?.ToString("g4", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>Returns the middle one, or the mean of the two in the middle; null when there are none.</summary>
    public static double? Median(IEnumerable<double?> values)
    {
        double[] sorted = [.. values.OfType<double>().Order()];
        int middle = sorted.Length / 2;
        if (sorted.Length == 0) return null;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>A row of a CSV file with a header and without quotes.</summary>
internal sealed class CsvRow(string file, string[] header, string[] cells)
{
    public static IEnumerable<CsvRow> Read(string file)
    {
        string[]? header = null;
        foreach (string line in File.ReadLines(file))
        {
            string[] cells = line.Split(',');
            if (header is null) header = cells;
            else yield return new CsvRow(file, header, cells);
        }
    }

    public string Text(string column)
    {
        int at = Array.IndexOf(header, column);
        return at >= 0 && at < cells.Length ? cells[at]
            : throw new InvalidDataException($"{file}: expected a column '{column}' in every row, found {string.Join(',', cells)}");
    }

    public double this[string column] =>
        double.TryParse(Text(column), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value
            : throw new InvalidDataException($"{file}: expected a number in column '{column}', found '{Text(column)}'");
}

/// <summary>answers.csv: how long the player waited.</summary>
internal static class Answers
{
    public static int Print(string file, string settings)
    {
        CsvRow[] rows = [.. CsvRow.Read(file)];
        if (rows.Length == 0) throw new InvalidDataException($"{file} has no answers.");
        foreach (CsvRow row in rows)
        {
            double seconds = row["whole_seconds"], count = row["frames"];
            Console.WriteLine($"  {row.Text("speaker"),-8} first word {row["first_word_seconds"],6:F2} s, whole {seconds,6:F2} s, " +
                $"{row["characters"],3} characters, {count,3} frames of {1000 * seconds / count,4:F0} ms");
        }

        double first = rows.Sum(r => r["first_word_seconds"]), whole = rows.Sum(r => r["whole_seconds"]);
        double characters = rows.Sum(r => r["characters"]), frames = rows.Sum(r => r["frames"]);
        Console.WriteLine($"{settings}: first word {first / rows.Length:F2} s on average, " +
            $"{rows.Max(r => r["first_word_seconds"]):F2} at most; whole {whole / rows.Length:F2} s; " +
            $"{characters / (whole - first):F1} characters a second from the first word on; frames of {1000 * whole / frames:F0} ms");
        return 0;
    }
}

/// <summary>frames.csv: what frames cost, with a budget for minds and without.</summary>
internal static class Frames
{
    private sealed class Sample(IEnumerable<double> values)
    {
        private readonly double[] _sorted = [.. values.Order()];

        public int Count => _sorted.Length;

        public int CountAbove(double limit) => _sorted.Count(v => v > limit);

        public double At(double share) => Count == 0 ? 0 : _sorted[(int)(share * Count)];
    }

    public static int Print(double budget, string[] files)
    {
        List<double> wait = [], think = [], minds = [], eyes = [];
        foreach (string file in files)
        {
            // The minds' clock is read a frame later: the budget of what it shows is in the row before.
            double before = 0;
            foreach (CsvRow row in CsvRow.Read(file))
            {
                double given = row["budget_ms"];
                (given > 0 ? think : wait).Add(row["whole_ms"]);
                if (before > 0 && !double.IsNaN(row["minds_gpu_ms"])) minds.Add(row["minds_gpu_ms"]);
                if (row["eyes_gpu_ms"] > 0) eyes.Add(row["eyes_gpu_ms"]);
                before = given;
            }
        }

        Sample waiting = new(wait), thinking = new(think), onDevice = new(minds), seeing = new(eyes);
        double most = 1.1 * budget;
        double Difference(double share) => thinking.At(share) - waiting.At(share);
        Console.WriteLine($"                   {"p50",8} {"p95",8} {"p99",8}");
        PrintRow("minds wait", waiting.At, "");
        PrintRow("minds think", thinking.At, "");
        PrintRow("difference", Difference, $"   (wanted at p95: at most the budget and 10 %, {most:F2})");
        PrintRow("minds on the GPU", onDevice.At,
            $"   (wanted at p99: the same; beyond it {onDevice.CountAbove(most)} of {onDevice.Count} frames)");
        PrintRow("eyes on the GPU", seeing.At,
            $"   (pieces of pictures for eyes, beyond it {seeing.CountAbove(most)} of {seeing.Count})");
        return 0;
    }

    private static void PrintRow(string name, Func<double, double> at, string remark) =>
        Console.WriteLine($"  {name,-16} {at(0.5),8:F2} {at(0.95),8:F2} {at(0.99),8:F2}{remark}");
}

/// <summary>memory.csv: memory while a model thinks, by model.</summary>
internal static class Memory
{
    private const int Ends = 4; // rows at either end in which a model comes or goes

    public static int Print(string file)
    {
        List<List<CsvRow>> models = [];
        foreach (CsvRow row in CsvRow.Read(file))
        {
            if (models.Count == 0 || models[^1][0].Text("model") != row.Text("model")) models.Add([]);
            models[^1].Add(row);
        }

        bool grows = false;
        foreach (List<CsvRow> rows in models)
        {
            CsvRow first = rows[0], last = rows[^1];
            Console.WriteLine($"soak: {first.Text("model")}, {(int)first["game_seconds"]} to {(int)last["game_seconds"]} s: " +
                $"managed {first["managed_mib"]:F1} to {last["managed_mib"]:F1} MiB, " +
                $"process {first["working_set_mib"]:F0} to {last["working_set_mib"]:F0} MiB " +
                $"(at most {rows.Max(r => r["working_set_mib"]):F0}), " +
                $"at most {rows.Max(r => r["kv_blocks"])} of {last["kv_blocks_in_all"]} KV blocks");
            double[] inner = [.. rows.Select(r => r["working_set_mib"]).Skip(Ends).SkipLast(Ends)];
            if (inner.Length < 12) continue;
            double early = inner.Take(inner.Length / 3).Average(), late = inner.TakeLast(inner.Length / 3).Average();
            Console.WriteLine($"soak:   process in the first third {early:F0} MiB, in the last {late:F0} MiB on average");
            if (late <= 1.15 * early) continue;
            Console.Error.WriteLine("soak: memory grows.");
            grows = true;
        }

        return grows ? 1 : 0;
    }
}

/// <summary>What `npcmind bench --json` and the peer print: JSON objects, one behind the other.</summary>
internal static class Speeds
{
    public static int PrintDevice(string file)
    {
        JsonElement run = Read(file)[0];
        Console.WriteLine($"device {Property(run, "device", file).GetString()}, {Property(run, "driver", file).GetString()}");
        return 0;
    }

    public static int PrintPairs(string oursFile, string? peerFile)
    {
        List<JsonElement> ours = Read(oursFile), peer = peerFile is null ? [] : Read(peerFile);
        List<double?[]> rows = [];
        PrintRow("pair", ["prefill ours", "llama.cpp", "ratio", "decode ours", "llama.cpp", "ratio"]);
        for (int i = 0; i < ours.Count; i++)
        {
            double?[] row = [.. Compare("prefill_tokens_per_s", i), .. Compare("decode_tokens_per_s", i)];
            string[] cells = [.. row.Select((v, column) => column % 3 == 2 && v is { } r ? $"{r:F2}" : Number.Short(v))];
            PrintRow($"{i + 1}", cells);
            rows.Add(row);
        }

        PrintRow("median", [.. Enumerable.Range(0, 6).Select(c => Number.Short(Number.Median(rows.Select(r => r[c]))))]);
        string layers = peer.Count == 0 ? ""
            : $"peer ran {Property(peer[0], "gpu_layers", peerFile!)} of {Property(peer[0], "layers", peerFile!)} layers on the device";
        Console.WriteLine($"tokens per second; ratio = ours / llama.cpp, pair by pair. {layers}");
        return 0;

        double?[] Compare(string name, int pair)
        {
            double mine = Property(ours[pair], name, oursFile).GetDouble();
            if (pair >= peer.Count) return [mine, null, null];
            double theirs = Property(peer[pair], name, peerFile!).GetDouble();
            return [mine, theirs, Number.Hundredths(mine / theirs)];
        }
    }

    public static int PrintMixture(string denseFile, string mixtureFile)
    {
        List<double?> ratios = [];
        foreach ((JsonElement dense, JsonElement mixture) in Read(denseFile).Zip(Read(mixtureFile)))
        {
            double d = Property(dense, "decode_tokens_per_s", denseFile).GetDouble();
            double m = Property(mixture, "decode_tokens_per_s", mixtureFile).GetDouble();
            ratios.Add(Number.Hundredths(d / m));
            Console.WriteLine($"dense {Number.Short(d)}, mixture {Number.Short(m)} tokens/s decode, ratio {ratios[^1]:F2}");
        }

        Console.WriteLine($"median ratio dense / mixture of 4 experts, all used: {Number.Median(ratios):0.00#}");
        return 0;
    }

    private static void PrintRow(string name, string[] c) =>
        Console.WriteLine($"{name,-6} {c[0],12} {c[1],12} {c[2],7}   {c[3],12} {c[4],12} {c[5],7}");

    private static List<JsonElement> Read(string file)
    {
        Utf8JsonReader reader = new(File.ReadAllBytes(file), new JsonReaderOptions { AllowMultipleValues = true });
        List<JsonElement> objects = [];
        try
        {
            while (reader.Read()) objects.Add(JsonElement.ParseValue(ref reader));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}: expected JSON, but {e.Message}");
        }

        return objects.Count > 0 ? objects : throw new InvalidDataException($"{file} is empty; expected JSON.");
    }

    private static JsonElement Property(JsonElement run, string name, string file) =>
        run.ValueKind == JsonValueKind.Object && run.TryGetProperty(name, out JsonElement value) ? value
            : throw new InvalidDataException($"{file}: expected JSON objects with '{name}', found {run}");
}

/// <summary>A folder of .trx files, which dotnet test writes, and of .cpu files (tests/TestTimes.cs).</summary>
internal static class TestResults
{
    private const int Shown = 20, Columns = 140;

    public static int Print(string folder)
    {
        Console.WriteLine("test: the slowest twenty:");
        IEnumerable<(TimeSpan Duration, string Name)> tests = Directory.EnumerateFiles(folder, "*.trx").SelectMany(Elements)
            .Where(e => e.Name.LocalName == "UnitTestResult" && e.Attribute("duration") is not null)
            .Select(e => (TimeSpan.Parse(e.Attribute("duration")!.Value, CultureInfo.InvariantCulture), e.Attribute("testName")!.Value));
        foreach ((TimeSpan duration, string name) in tests.OrderDescending().Take(Shown))
        {
            string line = $"{duration:mm\\:ss\\.fffffff}  {name}";
            Console.WriteLine($"    {line[..Math.Min(line.Length, Columns)]}");
        }

        Console.WriteLine($"test: the classes that took most processor time, in seconds (all: {folder}/*.cpu):");
        IEnumerable<(double Seconds, string Name)> classes = Directory.EnumerateFiles(folder, "*.cpu")
            .SelectMany(File.ReadLines).Select(l => l.Split('\t'))
            .GroupBy(cells => cells[1], (name, rows) => (Seconds: rows.Sum(r => Number.Parse(r[0])), Name: name));
        foreach ((double seconds, string name) in classes.OrderDescending().Take(Shown)) Console.WriteLine($"{seconds,10:F1}  {name}");
        return 0;
    }

    /// <summary>
    /// Prints how many tests passed, failed and were skipped. A file without these numbers counts as a failure, and so does a folder
    /// without files.
    /// </summary>
    public static int PrintCounts(string folder)
    {
        int passed = 0, failed = 0, skipped = 0;
        string[] files = Directory.GetFiles(folder, "*.trx");
        if (files.Length == 0) failed++;
        foreach (string file in files)
        {
            if (Elements(file).FirstOrDefault(e => e.Name.LocalName == "Counters") is { } counters)
            {
                passed += Count(counters, "passed");
                failed += Count(counters, "failed") + Count(counters, "error") + Count(counters, "timeout") + Count(counters, "aborted");
                skipped += Count(counters, "total") - Count(counters, "executed");
            }
            else
                failed++;
        }

        Console.WriteLine($"{passed} {failed} {skipped}");
        return 0;
    }

    private static int Count(XElement counters, string name) =>
        int.Parse(counters.Attribute(name)?.Value ?? "0", CultureInfo.InvariantCulture);

    /// <summary>Returns all elements of a file; none when it is no XML, as that of a run that was killed.</summary>
    private static IEnumerable<XElement> Elements(string file)
    {
        try
        {
            return XDocument.Load(file).Descendants();
        }
        catch (XmlException)
        {
            return [];
        }
    }
}
