namespace NpcMind;

/// <summary>
/// How exactly activations meet the weights of a matrix. Each is exact in itself: the same words alone as in a crowd, whatever the device
/// works on beside. Weights that are stored as floating-point numbers, keys and values are not touched.
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
