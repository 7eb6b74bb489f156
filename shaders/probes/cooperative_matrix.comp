#version 460
// Compiles only with a compiler that supports cooperative matrices (glslang 13, 2023). Not a kernel: Shaders.targets probes with it.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#pragma use_vulkan_memory_model
layout(local_size_x = 32) in;
layout(constant_id = 1) const uint Size = 16;
void main() { coopmat<int8_t, gl_ScopeSubgroup, Size, Size, gl_MatrixUseA> a; }
