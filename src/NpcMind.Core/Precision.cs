namespace NpcMind;

/// <summary>
/// Number format of activations when they are multiplied with weights. Each gives reproducible words, whatever else the device computes.
/// Products with weights that are stored as floating-point numbers, and keys and values, are not affected.
/// </summary>
public enum Precision
{
    /// <summary>32-bit floating-point activations: the model as it is.</summary>
    Exact,

    /// <summary>
    /// Activations in blocks of 32 integers of two bytes, which GPUs multiply faster; logits differ by about 1e-8 of their power (NMSE).
    /// </summary>
    Int16,

    /// <summary>The same with one byte: fastest; logits differ by about 2e-4 of their power, so that other words may be chosen.</summary>
    Int8,
}
