namespace NpcMind.Inference;

/// <summary>Progress of loading.</summary>
/// <param name="Done">Bytes on the device so far.</param>
/// <param name="Total">Bytes in all (an estimate, a little over).</param>
internal readonly record struct UploadProgress(long Done, long Total);
