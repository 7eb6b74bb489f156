using System.Globalization;
using NpcMind.Cli;
using NUnit.Framework;

namespace NpcMind.Tests.CommandLine;

/// <summary>Numbers of a command line.</summary>
internal sealed class NumberTextTests
{
    private CultureInfo _before = CultureInfo.InvariantCulture;

    /// <summary>A language with decimal commas, where nothing may change.</summary>
    [SetUp]
    public void WriteCommas()
    {
        _before = CultureInfo.CurrentCulture;
        CultureInfo commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (commas.NumberFormat.NumberDecimalSeparator, commas.NumberFormat.NumberGroupSeparator) = (",", ".");
        CultureInfo.CurrentCulture = commas;
    }

    [TearDown]
    public void WritePoints() => CultureInfo.CurrentCulture = _before;

    [TestCase("0.7", 0.7f)]
    [TestCase("7", 7f)]
    [TestCase("1e-1", 0.1f)]
    public void Read_DecimalPoint_IsReadInAnyLanguage(string text, float expected)
    {
        Assert.That(NumberText.Read("--temperature", text, 0f, 100f, out float value), Is.Null);
        Assert.That(value, Is.EqualTo(expected));
    }

    [TestCase("0,7", "--temperature: '0,7' is not a number; write 0.7.")]
    [TestCase("1,000.5", "--temperature: '1,000.5' is not a number.")]
    [TestCase("warm", "--temperature: 'warm' is not a number.")]
    [TestCase("", "--temperature: '' is not a number.")]
    [TestCase("NaN", "--temperature NaN: must be from 0 to 100.")]
    [TestCase("101", "--temperature 101: must be from 0 to 100.")]
    public void Read_NoNumberOrOutOfRange_SaysWhatToWrite(string text, string expected)
    {
        Assert.That(NumberText.Read("--temperature", text, 0f, 100f, out _), Is.EqualTo(expected));
        Assert.That(NumberText.Read("--temperature", text, 0d, 100d, out _), Is.EqualTo(expected));
    }

    [TestCase("12", null)]
    [TestCase("1,2", "--fps: '1,2' is not a whole number.")]
    [TestCase("1.5", "--fps: '1.5' is not a whole number.")]
    [TestCase("x", "--fps: 'x' is not a whole number.")]
    [TestCase("-3", "--fps -3: must be from 1 to 1000.")]
    [TestCase("99999999999999999999999", "--fps 99999999999999999999999: must be from 1 to 1000.")]
    public void Read_WholeNumber_TakesNothingElse(string text, string? expected)
    {
        Assert.That(NumberText.Read("--fps", text, 1, 1000, out _), Is.EqualTo(expected));
        Assert.That(NumberText.Read("--fps", text, 1L, 1000L, out _), Is.EqualTo(expected));
        Assert.That(NumberText.Read("--fps", text, 1UL, 1000UL, out ulong value), Is.EqualTo(expected));
        if (expected is null) Assert.That(value.ToString(CultureInfo.InvariantCulture), Is.EqualTo(text));
    }
}
