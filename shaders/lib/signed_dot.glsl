// OpSDot of bytes, PackedVectorFormat4x8Bit (SPIR-V 1.6), with DotProduct and DotProductInput4x8BitPacked.
#extension GL_EXT_spirv_intrinsics : require
spirv_instruction(capabilities = [6019, 6018], id = 4450) int signedDot(uint a, uint b, spirv_literal int format);
