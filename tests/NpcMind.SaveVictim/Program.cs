using Microsoft.Win32.SafeHandles;
using NpcMind;
using NpcMind.SaveVictim;

// Saves version after version to one path until it is killed. Four bytes on the standard output announce each save before it begins, so the
// killer knows which one can be in progress: NpcMind.SaveVictim PATH FIRST_VERSION
string path = args[0];
using FileStream output = new(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
for (int version = int.Parse(args[1]); ; version++)
{
    SavedMind mind = VersionedMind.Create(version);
    output.Write(BitConverter.GetBytes(version));
    SaveFile.WriteAtomically(path,
        stream => SaveCodec.Write(stream, mind, (block, bytes) => VersionedMind.WriteBlock(version, block, bytes)));
}
